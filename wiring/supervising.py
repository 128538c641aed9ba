"""The parent of processes that serve together: starts them, replaces whichever ends, and ends them all.

They are forked from a parent that has everything imported and runs neither loop nor thread, so that one that died is
replaced in a moment, and what does not change lies in memory once. All have the reading end of a pipe whose other end
the parent alone has: should the parent die, they notice and stop.
"""

import contextlib
import gc
import logging
import os
import select
import signal
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import FrameType
from typing import NoReturn

log = logging.getLogger("simpul.workers")

_FIRST_PAUSE, _LONGEST_PAUSE = 0.1, 5.0
"""Seconds before one that never came to serve is started again; twice as long each time."""
_PIECE = 65_536
_HEARD = (signal.SIGTERM, signal.SIGINT, signal.SIGCHLD)


class Ended(Exception):
    """A process ended before it was ready, or the hub was told to stop meanwhile. `code` is what to end with."""

    def __init__(self, code: int) -> None:
        super().__init__(f"ended with code {code}")
        self.code = code


@dataclass(frozen=True, slots=True)
class Tether:
    """A child's ties to its parent: `tell`, once, that it is ready, with words; `parent`, which ends when the parent does."""

    tell: Callable[[str], None]
    parent: int


@dataclass(slots=True)
class Child:
    """A process that is kept alive. `run` is called in it and returns its exit code; `starts` counts them, this one too."""

    name: str
    run: Callable[["Child", Tether], int]
    outlives: bool = False
    """Whether it is ended after the others."""
    starts: int = 0
    pid: int = 0
    ready: bool = False
    said: str = ""
    """Its words when it was ready."""
    code: int = 0
    """What it ended with, last time; below 0 for a signal."""
    _pipe: int = -1
    _failures: int = 0
    _due: float = field(default=0.0)
    """When it is to be started again, by the monotonic clock, while there is none."""

    def started(self, pid: int, pipe: int) -> None:
        """It runs, and tells by this pipe when it is ready."""
        self.pid, self._pipe, self.ready, self.said = pid, pipe, False, ""

    def listen(self) -> None:
        """Hears what it says; the end of it means that it is ready."""
        piece = os.read(self._pipe, _PIECE)
        self.said += piece.decode(errors="replace")
        if not piece:
            self.ready = bool(self.said)
            self._hang_up()

    def ended(self, code: int) -> None:
        """It is no more. One that served is due again at once, one that never did after a while."""
        if self._pipe >= 0:
            self._hang_up()
        self._failures = 0 if self.ready else self._failures + 1
        pause = min(_FIRST_PAUSE * 2.0**self._failures, _LONGEST_PAUSE) if self._failures else 0.0
        self.pid, self.code, self._due = 0, code, time.monotonic() + pause

    def _hang_up(self) -> None:
        os.close(self._pipe)
        self._pipe = -1

    @property
    def pipe(self) -> int | None:
        """What it tells by, until it has."""
        return self._pipe if self._pipe >= 0 else None

    @property
    def killed(self) -> bool:
        """Whether a signal ended it."""
        return self.code < 0

    @property
    def due_in(self) -> float:
        """Seconds until it is to be started again."""
        return max(0.0, self._due - time.monotonic())


class Supervisor:
    """Keeps processes alive until SIGTERM or SIGINT. For the main thread, within the block of `at_work`."""

    def __init__(self) -> None:
        self._children: list[Child] = []
        self._told_to_stop = 0
        self._woken, self._wake = os.pipe()
        self._parent, self._held = os.pipe()
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
            for end in (self._woken, self._wake, self._parent, self._held):
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
        while not self._told_to_stop:
            gone = [child for child in self._children if not child.pid]
            self._turn(min((child.due_in for child in gone), default=None))
            for child in gone:
                if not child.due_in and not self._told_to_stop:
                    self._fork(child)

    def _turn(self, seconds: float | None = None) -> None:
        """Waits for something to happen, but not longer than that, and sees to it."""
        pipes = {child.pipe: child for child in self._children if child.pipe is not None}
        heard, _, _ = select.select([self._woken, *pipes], [], [], seconds)
        for each in heard:
            if each == self._woken:
                self._told_to_stop += sum(number != signal.SIGCHLD for number in os.read(self._woken, _PIECE))
            else:
                pipes[each].listen()
        for child in self._children:
            if child.pid and (status := os.waitpid(child.pid, os.WNOHANG))[0]:
                self._lost(child, os.waitstatus_to_exitcode(status[1]))

    def _lost(self, child: Child, code: int) -> None:
        if not self._told_to_stop:
            log.warning("%s (process %d) ended with code %d", child.name, child.pid, code)
        child.ended(code)

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
        reading, writing = os.pipe()
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
        signal.pthread_sigmask(signal.SIG_BLOCK, _HEARD)  # one for the child must not be taken for the parent's
        pid = os.fork()
        if not pid:
            os.close(reading)
            self._become(child, writing)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _HEARD)
        os.close(writing)
        child.started(pid, reading)

    def _become(self, child: Child, writing: int) -> NoReturn:
        """The child's whole life. It never returns into what the parent was doing."""

        def tell(words: str) -> None:
            with open(writing, "wb") as pipe:
                pipe.write(words.encode())

        code = 1
        try:
            self._forget_the_parents()
            code = child.run(child, Tether(tell, self._parent))
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
        for end in (self._woken, self._wake, self._held, *(c.pipe for c in self._children)):
            if end is not None:
                os.close(end)


def _signal_all(children: Iterable[Child], number: signal.Signals) -> None:
    for child in children:
        if child.pid:
            with contextlib.suppress(ProcessLookupError):
                os.kill(child.pid, number)


def _heard(_number: int, _frame: FrameType | None) -> None:
    """What a signal means is read from the pipe that it writes to."""
