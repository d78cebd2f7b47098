# SPDX-License-Identifier: GPL-2.0-or-later
# forge.sh WHAT TTY: a program in the guest, run by root, that lies to the harness over the results line.
#   done   it has ended well: EXIT 0 of this run, with each nonce that this guest lets root read
#   agent  the agent has started: READY, which has no nonce
# The frames are those of guest-rootfs/agent/frame.h.
what=$1
tty=/dev/$2

# Each byte of a hexadecimal text.
bytes() {
    echo "$1" | sed 's/../& /g'
}

# CRC-32 of such a text, as such a text.
crc() {
    c=$((0xffffffff))
    for byte in $(bytes "$1"); do
        c=$((c ^ 0x$byte))
        for bit in 0 1 2 3 4 5 6 7; do
            c=$(((c >> 1) ^ ((c & 1) * 0xedb88320)))
        done
    done
    little $((c ^ 0xffffffff))
}

# Four bytes, the lowest first.
little() {
    printf '%02x%02x%02x%02x' $(($1 & 255)) $(($1 >> 8 & 255)) $(($1 >> 16 & 255)) $(($1 >> 24 & 255))
}

# A frame with this head (magic to nonce) and payload; `length` is of the payload, as text.
say() {
    frame=$1$2$3
    frame=$frame$(crc "$frame")
    printf "$(bytes "$frame" | sed 's/\([0-9a-f][0-9a-f]\) */\\x\1/g')" >"$tty"
}

# The lowest byte first.
reversed() {
    echo "$1" | sed 's/\(..\)\(..\)\(..\)\(..\)\(..\)\(..\)\(..\)\(..\)/\8\7\6\5\4\3\2\1/'
}

case $what in
agent)
    say 5642010000000000"0000000000000000" 0400 03000000
    ;;
done)
    found=$(cat /proc/cmdline /proc/[0-9]*/cmdline /proc/[0-9]*/environ 2>/dev/null |
        tr '\0' '\n' | grep -o '[0-9a-f]\{16\}' | sort -u)
    for nonce in $found deadbeefdeadbeef; do
        for run in 1 2 3 4; do
            say 56420500$(little $run)$(reversed "$nonce") 0500 0000000000
        done
    done
    ;;
esac
exit 7
