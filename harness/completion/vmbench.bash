# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Completion of vmbench for bash. What there is to complete is asked of the vmbench that is on the line:
# this knows no option of its own.

# The line of --help that has the option $1, such as --dir or -d, of the lines $2: sets `kind` and `text`.
_vmbench_find_option() {
    local line pattern='^ +(-(.), )?--([a-z-]+)(=([^ ]+))? +(.*)'
    while read -r line; do
        if [[ " $line" =~ $pattern ]] &&
            [[ $1 == "--${BASH_REMATCH[3]}" || $1 == "-${BASH_REMATCH[2]}" ]]; then
            kind=${BASH_REMATCH[5]} text=${BASH_REMATCH[6]}
            return
        fi
    done <<<"$2"
}

# The --dir options of the line, as `vmbench list` is to be given them: sets `dirs`.
_vmbench_find_dirs() {
    local i at
    for ((i = 2; i < COMP_CWORD; i++)); do
        [[ ${COMP_WORDS[i]} == --dir || ${COMP_WORDS[i]} == -d ]] || continue
        at=$((i + 1))
        [[ ${COMP_WORDS[at]} != = ]] || at=$((at + 1))
        ((at >= COMP_CWORD)) || dirs+=(--dir "${COMP_WORDS[at]/#\~/$HOME}")
    done
}

# Complete `cur` by the words of the arguments.
_vmbench_words() {
    mapfile -t COMPREPLY < <(compgen -W "$*" -- "$cur")
}

_vmbench_paths() {
    compopt -o filenames 2>/dev/null
    mapfile -t COMPREPLY < <(compgen "$1" -- "$cur")
}

# The value of an option of this kind.
_vmbench_value() {
    case $kind in
    DIR) _vmbench_paths -d ;;
    DIR* | FILE* | SPEC | PROGRAM) _vmbench_paths -f ;;
    M | A | GROUP | HOW) text=${text//,/} && _vmbench_words "${text// or / }" ;;
    INIT) _vmbench_words keep bench ;;
    G) _vmbench_words "$("$program" list "${dirs[@]}" 2>/dev/null |
                         awk '$3 != "-" { print $3 }' | tr , '\n' | sort -u)" ;;
    esac
}

_vmbench() {
    local cur=${COMP_WORDS[COMP_CWORD]} option=${COMP_WORDS[COMP_CWORD - 1]}
    local program=${COMP_WORDS[0]/#\~/$HOME} command=("${COMP_WORDS[1]}") dirs=() help kind='' text=''

    COMPREPLY=()
    if ((COMP_CWORD == 1)); then
        _vmbench_words "$("$program" --help 2>/dev/null | sed -n 's/^  \([a-z]*\) .*/\1/p') --help --version"
        return
    fi
    if [[ ${command[0]} == rootfs ]]; then
        ((COMP_CWORD > 2)) || { _vmbench_words build; return; }
        command+=(build)
    fi
    # For readline --dir=x is three words.
    if [[ $cur == = ]]; then
        cur=
    elif [[ $option == = ]]; then
        option=${COMP_WORDS[COMP_CWORD - 2]}
    fi
    help=$("$program" "${command[@]}" --help 2>/dev/null) || return
    _vmbench_find_dirs
    _vmbench_find_option "$option" "$help"
    if [[ -n $kind ]]; then
        _vmbench_value
    elif [[ $cur == -* ]]; then
        _vmbench_words "$(sed -nE 's/^ +(-., )?(--[a-z-]+).*/\2/p' <<<"$help")"
    elif [[ ${command[0]} == run || ${command[0]} == list ]]; then
        _vmbench_words "$("$program" list --names "${dirs[@]}" 2>/dev/null)"
    fi
}

complete -F _vmbench vmbench
