# SPDX-License-Identifier: GPL-2.0-or-later
# For pkg/build and modules/build, which define die(): sources, and what was made of them before.

# A make that has started this hands its options and variables on, such as CFLAGS: they are not for what is
# built here.
unset MAKEFLAGS MFLAGS MAKEOVERRIDES MAKELEVEL

# check_path PATH: end unless make and the compilers take it as one word.
check_path() {
    case $1 in *[[:space:]\#\$%:\;\\\"\'\`\&\|\<\>\(\)*?\[\]=]*)
        die "the path '$1' has a blank or one of #\$%:;\\\"'\`&|<>()*?[]=, which make cannot take: move it" ;;
    esac
}

# check_compiler PREFIX: end unless there is one, and say what brings it.
check_compiler() {
    local packages
    ! command -v "${1}gcc" >/dev/null || return 0
    case $(uname -m)-$1 in
        x86_64-x86_64-* | aarch64-aarch64-*) packages='gcc and libc6-dev' ;;
        *-aarch64-*) packages='gcc-aarch64-linux-gnu and libc6-dev-arm64-cross' ;;
        *) packages='gcc-x86-64-linux-gnu and libc6-dev-amd64-cross' ;;
    esac
    die "there is no compiler ${1}gcc: install Debian's packages $packages"
}

# List files below the directories, with what tells one from another: list [TEST...] -- DIRECTORY...
list() {
    local tests=()
    while [ "$1" != -- ]; do tests+=("$1"); shift; done
    shift
    find -L "$@" -type f "${tests[@]}" -printf '%p\t%s %i %T@\n' | LC_ALL=C sort
}

# can_go_on WORK SETTINGS DIRECTORY...: whether make, which looks at nothing but times, will see what
# has changed below the directories since finished() was last called. Not so, and FALSE: with other
# settings; when a file is gone; and when one is another, but no newer than what was made of it.
can_go_on() {
    local work=$1 settings=$2
    shift 2
    list -- "$@" >"$work/files.new"
    if [ -e "$work/files" ] && [ "$settings" = "$(cat "$work/settings")" ] &&
       [ -z "$(LC_ALL=C comm -13 <(cut -f1 "$work/files.new") <(cut -f1 "$work/files"))" ] &&
       [ -z "$(list ! -newer "$work/files" -- "$@" | LC_ALL=C comm -23 - "$work/files")" ]; then
        return 0
    fi
    rm -f "$work/files"
    echo "$settings" >"$work/settings"
    return 1
}

# finished WORK: all was made of what can_go_on() saw.
finished() { mv "$1/files.new" "$1/files"; touch "$1/files"; }

# show_log WORK SOURCE: what the tools said, with the files of the source for the copies in WORK/src, and
# for the way to them from WORK/meson.
show_log() {
    local way
    way=$(realpath -m --relative-to="$1/meson" "$2")
    sed "s|$1/src\>|$2|g; s|${way//./\\.}/|$2/|g" "$1/log" >&2
}

# copy_source FROM TO: a copy to build in, where there may be one already. What links lead to is copied.
copy_source() {
    mkdir -p "$2"
    cp -rpuL "$1/." "$2" || die "$1 cannot be copied: mend or remove what the lines above name"
}
