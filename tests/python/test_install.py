# SPDX-License-Identifier: GPL-2.0-or-later
"""Where `meson install` puts the module."""
import json
import os
import site
import subprocess
import sys
from pathlib import Path

import pytest

INSTALL_DIR = Path(__file__).parents[2] / "harness/coreio/python/install-dir"


def install_dir(prefix):
    return subprocess.run([sys.executable, INSTALL_DIR, prefix], check=True, text=True,
                          stdout=subprocess.PIPE).stdout.rstrip("\n")


@pytest.mark.parametrize("directory", site.getsitepackages())
def test_where_this_python_looks(directory):
    prefix = directory[:directory.index("/lib/")]
    found = install_dir(prefix)
    assert found in site.getsitepackages() and found.startswith(prefix + "/lib/")
    assert install_dir(prefix + "/") == found


def test_a_prefix_where_it_does_not_look(tmp_path):
    version = "python{}.{}".format(*sys.version_info)
    assert install_dir(tmp_path) == f"{tmp_path}/lib/{version}/site-packages"


def introspect(what):
    answer = subprocess.run(["meson", "introspect", what, os.environ["BUILD"]], check=True,
                            text=True, stdout=subprocess.PIPE)
    return json.loads(answer.stdout)


def test_the_build_installs_there():
    options = {option["name"]: option["value"] for option in introspect("--buildoptions")}
    directory = options["python.platlibdir"] or install_dir(options["prefix"])
    installed = [path for path in introspect("--installed").values() if "/coreio/" in path]
    names = {"__init__.py", "aio.py", "client.py", "model.py", "pytest_plugin.py", "vmbench.py"}
    assert {path for path in installed if path.endswith(".py")} == {
        f"{directory}/coreio/{name}" for name in names}
    assert len([path for path in installed if path.startswith(f"{directory}/coreio/_coreio.")]) == 1
