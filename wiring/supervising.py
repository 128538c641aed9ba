"""The parent of processes that serve together: starts them, replaces whichever ends, and ends them all.

They are forked from a parent that has everything imported and runs neither loop nor thread, so that one that died is
replaced in a moment, and what does not change lies in memory once. Each has the reading end of a pipe whose other end the
parent alone has: by it the parent tells who is away, and should the parent die, they notice and stop. By another pipe each
tells that it is ready, and then now and then that it still turns: one that hangs is ended, and so replaced.
"""

import contextlib
import gc
import logging
import os
import select
import signal
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import NoReturn

from wiring.children import BEAT, PIECE, Child, Tether

log = logging.getLogger("simpul.processes")

_HEARD = (signal.SIGTERM, signal.SIGINT, signal.SIGCHLD)
_BEATS = 6
"""How often a process tells that it turns, while it would be taken for one that hangs if it told nothing."""


class Ended(Exception):
    """A process ended before it was ready, or the hub was told to stop meanwhile. `code` is what to end with."""

    def __init__(self, code: int) -> None:
        super().__init__(f"ended with code {code}")
        self.code = code


class Supervisor:
    """Keeps processes alive until SIGTERM or SIGINT. For the main thread, within the block of `at_work`.

    One that serves and has not turned for `patience` seconds is ended; 0: none is.
    """

    def __init__(self, patience: float = 0.0) -> None:
        self._patience, self._beat_every = patience, patience / _BEATS
        self._children: list[Child] = []
        self._told_to_stop = 0
        self._woken, self._wake = os.pipe()
        os.set_blocking(self._woken, False)
        os.set_blocking(self._wake, False)

    @contextmanager
    def at_work(self) -> Iterator["Supervisor"]:
        """Hears signals for the length of the block, at whose end no child is left."""
        before = {number: signal.signal(number, _heard) for number in _HEARD}
        signal.set_wakeup_fd(self._wake, warn_on_full_buffer=False)
        try:
            yield self
        finally:
            self._end_all()
            signal.set_wakeup_fd(-1)
            for number, handler in before.items():
                signal.signal(number, handler)
            for end in (self._woken, self._wake):
                os.close(end)

    def start(self, *children: Child) -> None:
        """Starts some and waits until all are ready. Raises Ended."""
        gc.collect()
        gc.freeze()  # the collector of a child would write to all that it shares with the parent
        for child in children:
            self._children.append(child)
            self._fork(child)
        while not all(child.ready for child in children):
            self._turn()
            if self._told_to_stop:
                raise Ended(0)
            for child in children:
                if not child.pid:
                    self._start_once_more(child)

    def _start_once_more(self, child: Child) -> None:
        """One that somebody killed. One that ended by itself has said why, and would say so again. Raises Ended."""
        if not child.killed:
            raise Ended(child.code or 1)
        self._fork(child)

    def watch(self) -> None:
        """Replaces whichever ends, until it is told to stop."""
        gc.enable()
        while not self._told_to_stop:
            gone = [child for child in self._children if not child.pid]
            waits = [child.due_in for child in gone]
            began = time.monotonic()
            self._turn(min([*waits, self._beat_every] if self._patience else waits, default=None))
            self._end_who_hang(time.monotonic() - began)
            for child in gone:
                if not child.due_in and not self._told_to_stop:
                    self._fork(child)

    def _end_who_hang(self, seconds: float) -> None:
        """What lasted longer than it should have, this process slept through, and the others may have as well."""
        for child in self._children:
            if child.waited(min(seconds, self._beat_every)) > self._patience and not self._told_to_stop:
                child.silent = 0.0
                words = "%s (pid %d) hangs: no sign of it for %g s; it is ended"
                log.error(words, child.name, child.pid, self._patience)
                _signal_all([child], signal.SIGKILL)

    def _turn(self, seconds: float | None = None) -> None:
        """Waits for something to happen, but not longer than that, and sees to it."""
        pipes = {child.pipe: child for child in self._children if child.pipe is not None}
        heard, _, _ = select.select([self._woken, *pipes], [], [], seconds)
        for each in heard:
            if each == self._woken:
                self._told_to_stop += sum(number != signal.SIGCHLD for number in os.read(self._woken, PIECE))
            elif pipes[each].listen():
                self._changed(pipes[each])
        for child in self._children:
            if child.pid and (status := os.waitpid(child.pid, os.WNOHANG))[0]:
                self._lost(child, os.waitstatus_to_exitcode(status[1]))

    def _lost(self, child: Child, code: int) -> None:
        pid = child.pid
        child.ended(code)
        if not self._told_to_stop:
            log.warning("%s (pid %d) %s; it is replaced", child.name, pid, child.ending)
            self._tell_who_is_away()

    def _changed(self, child: Child) -> None:
        if child.ready and child.starts > 1:
            log.info("%s serves again, as pid %d", child.name, child.pid)
        if not self._told_to_stop:
            self._tell_who_is_away()

    def _tell_who_is_away(self) -> None:
        away = [child.name for child in self._children if child.away]
        for child in self._children:
            child.tell(away)

    def _end_all(self) -> None:
        """Tells them to stop and waits. Who is told to stop again while he waits ends them at once."""
        asked = max(self._told_to_stop, 1)
        self._told_to_stop = asked
        for some in ([c for c in self._children if not c.outlives], self._children):
            _signal_all(some, signal.SIGTERM)
            while any(child.pid for child in some):
                self._turn()
                if self._told_to_stop > asked:
                    _signal_all(self._children, signal.SIGKILL)

    def _fork(self, child: Child) -> None:
        child.starts += 1
        hears, says = os.pipe()
        listens, tells = os.pipe()
        os.set_blocking(tells, False)
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
        signal.pthread_sigmask(signal.SIG_BLOCK, _HEARD)  # one for the child must not be taken for the parent's
        pid = os.fork()
        if not pid:
            os.close(hears)
            os.close(tells)
            self._become(child, says, listens)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _HEARD)
        os.close(says)
        os.close(listens)
        child.started(pid, hears, tells)

    def _become(self, child: Child, says: int, listens: int) -> NoReturn:
        """The child's whole life. It never returns into what the parent was doing."""

        pipe = open(says, "w", encoding="utf-8")  # noqa: SIM115  it ends when the process leaves, or with it

        def tell(words: str) -> None:
            print(words, file=pipe, flush=True)

        def beat() -> None:
            if not pipe.closed:
                with contextlib.suppress(BlockingIOError, BrokenPipeError):  # the parent hangs, or is no more
                    os.write(says, BEAT)

        os.set_blocking(says, False)
        code = 1
        try:
            self._forget_the_parents()
            code = child.run(child, Tether(tell, beat, self._beat_every, pipe.close, listens))
        except BaseException:
            log.exception("%s failed", child.name)
        finally:
            for stream in (sys.stdout, sys.stderr):
                with contextlib.suppress(OSError, ValueError):
                    stream.flush()
            os._exit(code)

    def _forget_the_parents(self) -> None:
        """What is the parent's to hold and to hear. Ctrl-C reaches all processes of a terminal: the parent alone acts."""
        signal.set_wakeup_fd(-1)
        for number in _HEARD:
            signal.signal(number, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM, signal.SIGCHLD})
        for end in (self._woken, self._wake, *(pipe for child in self._children for pipe in child.pipes)):
            os.close(end)


def _signal_all(children: Iterable[Child], number: signal.Signals) -> None:
    for child in children:
        if child.pid:
            with contextlib.suppress(ProcessLookupError):
                os.kill(child.pid, number)


def _heard(_number: int, _frame: FrameType | None) -> None:
    """What a signal means is read from the pipe that it writes to."""
