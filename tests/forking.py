"""Two processes that have loaded the hub's code and fork for each program that they are told to run; tests/starting.py tells.

    python -m tests.forking DESCRIPTOR DESCRIPTOR

A program runs as if Python had been started for it, but what `server.py` loads at once is there, and so is what is not ours
and loaded late. What is ours and loaded late, each program loads for itself: so none finds what it forgot to import. Of the
two, the second has loaded what serving takes as well, just as `server.py serve` does.
"""

import contextlib
import gc
import importlib
import json
import os
import runpy
import selectors
import signal
import socket
import sys

LENGTH = 4
"""Bytes of a number: how long a wish is, a process's id, and what a process ended with."""

LATE = (
    *("alembic.command", "alembic.ddl.postgresql", "asyncpg", "httpx", "sqlalchemy.dialects.postgresql.asyncpg"),
    *("sqlalchemy.dialects.sqlite.pysqlite", "uvicorn", "websockets.asyncio.server"),
)


class Forker:
    """Where wishes come from, and whom to tell how each program ended."""

    def __init__(self, wishes: socket.socket) -> None:
        self._wishes = wishes
        self._endings: dict[int, int] = {}  # by process id: the pipe to tell by
        self._bell, self._rung = os.pipe()
        os.set_blocking(self._rung, False)

    def serve(self) -> bytes | None:
        """Forks for each wish. Returns it in a process that is to fulfil it; None where nobody wishes any more."""
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(self._rung)
        with selectors.DefaultSelector() as waiting:
            waiting.register(self._wishes, selectors.EVENT_READ)
            waiting.register(self._bell, selectors.EVENT_READ)
            while True:
                for key, _ in waiting.select():
                    if key.fd == self._bell:
                        self._tell_endings()
                        continue
                    head, pipes, _, _ = socket.recv_fds(self._wishes, LENGTH, 3)
                    if not head:
                        return None
                    wish = self._wishes.recv(int.from_bytes(head, "big"), socket.MSG_WAITALL)
                    if self._fork(pipes):
                        return wish

    def _fork(self, pipes: list[int]) -> bool:
        """Whether this is the new process: its output and its errors go where they are wished to."""
        pid = os.fork()
        if pid == 0:
            self._become(pipes)
            return True
        for pipe in pipes[:2]:
            os.close(pipe)
        self._endings[pid] = pipes[2]
        self._wishes.sendall(pid.to_bytes(LENGTH, "big"))
        return False

    def _become(self, pipes: list[int]) -> None:
        os.setsid()
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        for number, pipe in enumerate(pipes[:2], start=1):
            os.dup2(pipe, number)
        self._wishes.close()
        for each in (*pipes, self._bell, self._rung, *self._endings.values()):
            os.close(each)

    def _tell_endings(self) -> None:
        os.read(self._bell, 4096)
        with contextlib.suppress(ChildProcessError):  # there is none
            while (ended := os.waitpid(-1, os.WNOHANG))[0] != 0:
                if (pipe := self._endings.pop(ended[0], None)) is not None:
                    with contextlib.suppress(BrokenPipeError):  # nobody asks
                        os.write(pipe, os.waitstatus_to_exitcode(ended[1]).to_bytes(LENGTH, "big", signed=True))
                    os.close(pipe)


def run(words: list[str], environment: dict[str, str]) -> None:
    """What Python would do with these words after its own name: `-m MODULE …` or `FILE …`."""
    os.environ.clear()
    os.environ.update(environment)
    gc.enable()
    if words[0] == "-m":
        sys.argv[:] = words[1:]
        runpy.run_module(words[1], run_name="__main__", alter_sys=True)
    else:
        sys.argv[:] = words
        runpy.run_path(words[0], run_name="__main__")


def load(*names: str) -> None:
    """Imports modules, which stay."""
    for name in names:
        importlib.import_module(name)
    gc.freeze()


if __name__ == "__main__":
    gc.disable()
    load("server", *LATE)
    plain, serving = (socket.socket(fileno=int(descriptor)) for descriptor in sys.argv[1:])
    if os.fork():
        serving.close()
    else:
        plain.close()
        load("wiring.serving")
    wish = Forker(plain if serving.fileno() < 0 else serving).serve()
    if wish is not None:
        run(**json.loads(wish))
