# SPDX-License-Identifier: BSD-2-Clause
"""A client of one VM; a program may have several."""
import contextlib
import errno
import os
import threading
import weakref

from coreio._coreio import Context

_clients = weakref.WeakSet()


class Client(Context):
    """
    Client("localhost:4300") connects; Client() is not connected yet. As a context manager it
    disconnects at the end:

        with coreio.Client("localhost:4300") as client:
            client.register(0, read, write)
            client.run()

    register(), irq_update(), dma_read(), dma_write() are those of the module, but registrations
    and levels belong to the client and not to the connection: they may be made in every state, and
    every new connection begins with them.

    Any thread may call any method at any time, from a callback too, but run() and dispatch(), which
    are for one at a time (EBUSY). While a call blocks, those of other threads wait for its end, or
    about half a second for each thread that blocks. disconnect() ends the calls of other threads:
    DMA with ECANCELED, others with ENOTCONN.
    """

    def __init__(self, target=None):
        self._resets = _Resets()
        super().set_events(reset=self._resets)
        self._forget_background()
        _clients.add(self)
        if target is not None:
            self.connect(target)

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.disconnect()

    @property
    def connected(self):
        """True when a connection is there, as far as is known."""
        return self.status() == 0

    def run(self, seconds=None):
        """
        Serve the VM for `seconds`, or for ever, or until stop(). Ctrl-C raises KeyboardInterrupt
        here. A lost connection raises OSError, unless it is made again by itself.
        """
        self.run_us(-1 if seconds is None else _microseconds(seconds))

    @contextlib.contextmanager
    def background(self):
        """
        Serve the VM in a thread while the `with` block runs; blocks inside one another, or of
        several threads, share it. What ends the serving before, a lost connection say, is raised
        at the end of the block. EBUSY: run() or dispatch() serves already.
        """
        thread = self._join_background()
        try:
            yield self
        finally:
            self._leave_background(thread)
        if thread.error is not None:
            raise thread.error

    def _forget_background(self):
        self._background = None  # the thread of background()
        self._background_lock = threading.Lock()

    def _join_background(self):
        while True:
            with self._background_lock:
                thread = self._background or self._start_background()
                if not thread.stopped or thread is threading.current_thread():
                    thread.users += 1
                    return thread
            thread.join()

    def _start_background(self):
        if self.serving:
            raise OSError(errno.EBUSY, os.strerror(errno.EBUSY))
        thread = _Background(self)
        thread.start()
        self._background = thread
        return thread

    # The lock is not held while it joins: a callback, which is to end first, may want it.
    def _leave_background(self, thread):
        with self._background_lock:
            thread.users -= 1
            if thread.users == 0 and thread is self._background:
                self.stop()
                thread.stopped = True
        if thread.stopped and thread is not threading.current_thread():
            thread.join()

    def _end_background(self):
        with self._background_lock:
            self._background = None
            self.cancel_stop()  # if the serving had just ended by itself

    def flush(self, seconds=None):
        """
        Wait until all that is to be sent is handed to the kernel, at most for `seconds`, after
        which OSError with errno EAGAIN is raised.
        """
        self.flush_us(-1 if seconds is None else _microseconds(seconds))

    def set_events(self, connected=None, disconnected=None, reset=None):
        """
        Functions to call, in the place of those set before: connected(), disconnected(err) with
        the negative errno of the loss, and reset(rid) for each range of a VM that was reset.
        """
        if reset is not None and not callable(reset):
            raise TypeError(f"reset: {reset!r} cannot be called")
        super().set_events(connected, disconnected, self._resets)
        self._resets.of_all = reset

    def on_reset(self, rid, function):
        """
        Call function() whenever the VM was reset, by its packet for range `rid`, beside the
        function of set_events(); None: do not.
        """
        self._resets.of_range[rid] = function


class _Background(threading.Thread):
    """Serves a client for those who are in its background()."""

    def __init__(self, client):
        super().__init__(name="coreio", daemon=True)
        self.client, self.users, self.error = client, 0, None
        self.stopped = False  # and so about to end

    def run(self):
        try:
            self.client.run()
        except BaseException as error:
            self.error = error
        self.client._end_background()


class _Resets:
    """Who is told of a reset. Knows no client: one that is dropped goes at once."""

    def __init__(self):
        self.of_all = None
        self.of_range = {}

    def __call__(self, rid):
        try:
            if self.of_all is not None:
                self.of_all(rid)
        finally:
            function = self.of_range.get(rid)
            if function is not None:
                function()


def _microseconds(seconds):
    if seconds < 0:
        raise OSError(errno.EINVAL, os.strerror(errno.EINVAL) + ": a time below 0")
    return int(seconds * 1000000)


def _after_fork():
    """What had the locks of a client may be a thread that the child has not got."""
    for client in _clients:
        client.renew_locks()
        client._forget_background()


os.register_at_fork(after_in_child=_after_fork)
