# SPDX-License-Identifier: GPL-2.0-or-later
"""
The Python handler of client-cpu: a memory that is read.

    client_cpu.py ENDPOINT COUNT WARM_UP

answers reads until the VM goes and prints the microseconds of CPU time that each of the last COUNT
took.
"""
import sys
import time

import coreio


def main():
    endpoint, count, left = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    memory = bytearray(256)
    began = None

    def read(funcp, addr, data, flags):
        nonlocal began, left
        start = addr % 64
        data[:] = memory[start:start + len(data)]
        if left == 0:
            began = time.process_time()
        left -= 1
        return 0

    client = coreio.Client()
    client.register(0, read, None)
    client.connect(endpoint)
    try:
        client.run()
    except ConnectionResetError:
        spent = time.process_time() - began
        if left != -count:
            sys.exit(f"{count + left} requests did not arrive")
        print(f"{spent / count * 1e6:.4f}")


if __name__ == "__main__":
    main()
