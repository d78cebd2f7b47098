# SPDX-License-Identifier: BSD-2-Clause
"""
Guests booted by vmbench, which `make` builds: see `vmbench serve --help`.

    from coreio.vmbench import Guest

    with Guest("x86") as guest:
        print(guest.endpoint, guest.run(["uname", "-r"]).stdout)
"""
import base64
import json
import os
import subprocess


class VmbenchError(Exception):
    """vmbench could not do it; `status` is its exit status, as `vmbench --help` lists them."""

    def __init__(self, message, status):
        super().__init__(message)
        self.status = status


BAD_SET_UP = 3  # of `vmbench --help`


class Result:
    """How a program in the guest ended and what it printed."""

    def __init__(self, answer):
        self.exit_status = answer.get("exit")  #: None when a signal ended it
        self.signal = answer.get("signal")     #: its number, or None
        self.stdout = base64.b64decode(answer["stdout"]).decode(errors="replace")
        self.stderr = base64.b64decode(answer["stderr"]).decode(errors="replace")

    def __repr__(self):
        ended = f"signal={self.signal}" if self.signal else f"exit_status={self.exit_status}"
        return f"Result({ended}, stdout={self.stdout!r}, stderr={self.stderr!r})"


class Guest:
    """
    A booted guest. machine: "raspi4b" or "x86". program: vmbench itself; without it $VMBENCH, else
    the one on the PATH. options: more of its command line. VmbenchError: it cannot be run, or
    could not boot the guest.

    machine   its name
    endpoint  what a handler connects to, "127.0.0.1:43215"
    irq       number of the interrupt that line 0 of the range raises
    logs      directory with the console's log
    """

    def __init__(self, machine="x86", program=None, options=()):
        program = program or os.environ.get("VMBENCH") or "vmbench"
        try:
            self._process = subprocess.Popen(
                [program, "serve", "--machine", machine, *options], stdin=subprocess.PIPE,
                stdout=subprocess.PIPE, text=True)
        except OSError as error:
            raise VmbenchError(
                f"cannot run {program}: {error.strerror}: build it with `make`, then give its "
                "path, build/harness/vmbench, in $VMBENCH or with pytest's --vmbench",
                BAD_SET_UP) from None
        try:
            ready = self._answer()
        except BaseException:
            self._abandon()
            raise
        self.machine, self.endpoint = ready["machine"], ready["endpoint"]
        self.irq, self.logs = ready["irq"], ready["logs"]

    def _answer(self):
        line = self._process.stdout.readline()
        if not line:
            status = self._process.wait()
            raise VmbenchError(f"vmbench serve ended with exit status {status}", status)
        answer = json.loads(line)
        if "error" in answer:
            raise VmbenchError(answer["error"], answer["status"])
        return answer

    def _ask(self, request):
        if self._process.stdin.closed:
            raise VmbenchError("the guest was closed, as it is when a request is interrupted: boot "
                               "another", BAD_SET_UP)
        line = json.dumps(request)
        try:
            self._send(line)
            return self._answer()
        except VmbenchError:
            raise
        except BaseException:  # Ctrl-C: the answer to come would be taken for the next one's
            self._abandon()
            raise

    def _send(self, line):
        try:
            print(line, file=self._process.stdin, flush=True)
        except BrokenPipeError:
            pass  # the answer says why

    def _abandon(self):
        """End the guest now, whatever it does."""
        self._process.terminate()
        self.close()

    def run(self, argv, timeout=60):
        """
        Run a program of the guest's and wait for its end. Returns a Result, whatever its exit
        status. VmbenchError: there is no such program, it did not end within `timeout` seconds, or
        the guest has ended.
        """
        if isinstance(argv, (str, bytes)):
            raise TypeError(f"{argv!r}: give a list of words")
        return Result(self._ask({"run": [str(word) for word in argv], "timeout": timeout}))

    def check(self, argv, timeout=60):
        """The standard output of run(); AssertionError if the program did not exit with 0."""
        result = self.run(argv, timeout)
        assert result.exit_status == 0, f"{' '.join(map(str, argv))}: {result}"
        return result.stdout

    def wait_claim(self, timeout=60):
        """Wait until a handler's claim is in effect: the guest's accesses reach it from then on."""
        self._ask({"wait": "claim", "timeout": timeout})

    def wait_release(self, timeout=60):
        """Wait until the VM has noticed that the handler has gone."""
        self._ask({"wait": "release", "timeout": timeout})

    def load_uio(self):
        """Give the range and its interrupt to the guest's programs as /dev/uio0."""
        self.check(["vmmio-uio-load"])

    def load_network(self):
        """Bring up the card of a guest with the option --network: there this host is 10.0.2.2."""
        self.check(["network-up"])

    def close(self):
        """End the guest. Returns vmbench's exit status."""
        try:
            self._process.stdin.close()
        except BrokenPipeError:
            pass
        self._process.stdout.close()
        return self._process.wait()

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.close()
