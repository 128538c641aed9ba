"""A process that its parent keeps alive, as the parent sees it, and the ties between the two."""

import contextlib
import json
import os
import signal
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

PIECE = 65_536
BEAT = b"\0"
"""What one that turns says now and then."""
_FIRST_PAUSE, _LONGEST_PAUSE = 0.1, 5.0
"""Seconds before one that never came to serve is started again; twice as long each time."""


@dataclass(frozen=True, slots=True)
class Tether:
    """A child's ties to its parent: `tell`, once, that it is ready, with a line of words; `beat`, every so many seconds
    (0: never), that it still turns; `leave`, that it lets nobody in any more; `parent`, to hear what `heard` reads."""

    tell: Callable[[str], None]
    beat: Callable[[], None]
    every: float
    leave: Callable[[], None]
    parent: int

    def heard(self) -> frozenset[str] | None:
        """Who is away, by the parent's last word; None: the parent is no more. To be called when there is something."""
        told = os.read(self.parent, PIECE)
        return frozenset(json.loads(told.splitlines()[-1])) if told else None


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
    """Whether it serves: it has said its words, and neither left nor ended since."""
    served: bool = False
    """Whether it was ready at any time, also before it was started anew."""
    said: str = ""
    """Its words when it was ready."""
    code: int = 0
    """What it ended with, last time; below 0 for a signal."""
    silent: float = 0.0
    """For how many seconds, at least, it has said nothing although it serves."""
    _hears: int = -1
    _tells: int = -1
    _came: bool = False
    """Whether it was ready since it was started."""
    _failures: int = 0
    _due: float = 0.0
    """When it is to be started again, by the monotonic clock, while there is none."""

    def started(self, pid: int, hears: int, tells: int) -> None:
        """It runs, tells by the one pipe when it is ready, or no more, and is told by the other who is away."""
        self.pid, self._hears, self._tells, self.ready, self._came, self.said = pid, hears, tells, False, False, ""
        self.silent = 0.0

    def listen(self) -> bool:
        """Hears what it says: a line when it is ready, the end when it leaves. Whether it is now what it was not before."""
        before, piece = self.ready, os.read(self._hears, PIECE)
        self.silent = 0.0
        self.said += piece.replace(BEAT, b"").decode(errors="replace")
        self.ready = bool(piece) and self.said.endswith("\n")
        if not piece:
            self._hears = _closed(self._hears)
        self._came |= self.ready
        self.served |= self.ready
        return self.ready != before

    def tell(self, away: Iterable[str]) -> None:
        """Tells it who is away. One that has not listened for thousands of times does not hear it."""
        if self._tells >= 0:
            with contextlib.suppress(BlockingIOError, BrokenPipeError):
                os.write(self._tells, f"{json.dumps(sorted(away))}\n".encode())

    def waited(self, seconds: float) -> float:
        """So long nothing more was heard. For how long it is silent now: 0 for one that need say nothing."""
        self.silent = self.silent + seconds if self.pid and self.ready else 0.0
        return self.silent

    def ended(self, code: int) -> None:
        """It is no more. One that served is due again at once, one that never did after a while."""
        self._hears, self._tells = _closed(self._hears), _closed(self._tells)
        self._failures = 0 if self._came else self._failures + 1
        pause = min(_FIRST_PAUSE * 2.0**self._failures, _LONGEST_PAUSE) if self._failures else 0.0
        self.pid, self.ready, self.code, self._due = 0, False, code, time.monotonic() + pause

    @property
    def pipe(self) -> int | None:
        """What it tells by, until it leaves."""
        return self._hears if self._hears >= 0 else None

    @property
    def pipes(self) -> tuple[int, ...]:
        """The parent's ends of what ties it."""
        return tuple(end for end in (self._hears, self._tells) if end >= 0)

    @property
    def away(self) -> bool:
        """Whether it served and does not now."""
        return self.served and not self.ready

    @property
    def killed(self) -> bool:
        """Whether a signal ended it."""
        return self.code < 0

    @property
    def ending(self) -> str:
        """How it ended, for people."""
        if not self.killed:
            return f"ended by itself with code {self.code}"
        try:
            return f"was ended by {signal.Signals(-self.code).name}"
        except ValueError:
            return f"was ended by signal {-self.code}"

    @property
    def due_in(self) -> float:
        """Seconds until it is to be started again."""
        return max(0.0, self._due - time.monotonic())


def _closed(pipe: int) -> int:
    """Closes a pipe that is open; what stands for none."""
    if pipe >= 0:
        os.close(pipe)
    return -1
