# SPDX-License-Identifier: BSD-2-Clause
"""
Builds the extension from src/ and the sources of libcoreio and its codec. In a checkout these lie
outside this directory, where setuptools would neither find nor pack them; a source distribution
carries copies in libcoreio/.
"""
import shutil
import sys
import sysconfig
from pathlib import Path

from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext
from setuptools.command.sdist import sdist

HERE = Path(__file__).resolve().parent
PACKED = HERE / "libcoreio"
CHECKOUT = [HERE.parent, (HERE / "../../../qemu-device/wire").resolve()]

# Buffers came into the stable ABI with 3.11; before, each version needs a build of its own, and
# so does free-threaded Python, which has no stable ABI.
STABLE = sys.version_info >= (3, 11) and not sysconfig.get_config_var("Py_GIL_DISABLED")


def library_directories():
    directories = [PACKED] if PACKED.is_dir() else CHECKOUT
    for directory in directories:
        if not any(directory.glob("*.c")):
            sys.exit(f"{directory}: no C sources here: build from a checkout of vmmio-bench or a "
                     "source distribution")
    return directories


class BuildWithLibrary(build_ext):
    def build_extension(self, extension):
        directories = library_directories()
        extension.include_dirs += [str(directory) for directory in directories]
        extension.sources += [str(file) for directory in directories
                              for file in sorted(directory.glob("*.c"))]
        super().build_extension(extension)


class PackLibrary(sdist):
    def make_release_tree(self, base_dir, files):
        super().make_release_tree(base_dir, files)
        packed = Path(base_dir) / "libcoreio"
        packed.mkdir(exist_ok=True)
        for directory in library_directories():
            for file in [*directory.glob("*.c"), *directory.glob("*.h")]:
                shutil.copy(file, packed)
        shutil.copytree(HERE / "src", Path(base_dir) / "src", dirs_exist_ok=True)


EXTENSION = Extension(
    "coreio._coreio",
    sources=["src/" + file.name for file in sorted((HERE / "src").glob("*.c"))],
    define_macros=[("_GNU_SOURCE", "1")] + [("Py_LIMITED_API", "0x030b0000")] * STABLE,
    extra_compile_args=["-std=gnu11", "-fvisibility=hidden"],
    py_limited_api=STABLE)

setup(ext_modules=[EXTENSION],
      cmdclass={"build_ext": BuildWithLibrary, "sdist": PackLibrary},
      options={"bdist_wheel": {"py_limited_api": "cp311"}} if STABLE else {})
