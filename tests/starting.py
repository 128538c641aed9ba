"""Programs of ours as processes of their own, started without loading anew what the one before has loaded.

Loading is most of what a command takes. They are forked by processes that have done it, which are there once for each
process of tests (tests/forking.py). How a cold start goes, tests/test_start.py tells.
"""

import atexit
import functools
import json
import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

from tests.forking import LENGTH

ROOT = Path(__file__).resolve().parent.parent
ERRORS = 2
"""Where tests' own errors go."""

_asking = threading.Lock()


class Started:
    """A program that runs, at the head of a session of its own: as a subprocess.Popen, so far as tests want one."""

    def __init__(self, pid: int, ending: int, stdout: BinaryIO | None = None) -> None:
        self.pid = pid
        self.stdout = stdout
        self.returncode: int | None = None
        self._ending = os.fdopen(ending, "rb", buffering=0)

    def poll(self) -> int | None:
        """What it ended with, below 0 for a signal; None while it runs."""
        return self._ended(0)

    def wait(self, timeout: float | None = None) -> int:
        """Waits until it has ended; raises subprocess.TimeoutExpired if it has not after as many seconds."""
        code = self._ended(timeout)
        if code is None:
            raise subprocess.TimeoutExpired(f"process {self.pid}", timeout or 0)
        return code

    def _ended(self, seconds: float | None) -> int | None:
        if self.returncode is None and select.select([self._ending], [], [], seconds)[0]:
            told = self._ending.read(LENGTH)
            assert told, "the process that forks is no more"
            self.returncode = int.from_bytes(told, "big", signed=True)
            self._ending.close()
        return self.returncode

    def send_signal(self, number: int) -> None:
        """To the program alone, if it still runs."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """Ends it at once."""
        self.send_signal(signal.SIGKILL)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.stdout is not None:
            self.stdout.close()
        self.wait()


def start(words: list[str], environment: Mapping[str, str], errors: int = ERRORS) -> Started:
    """Runs `python WORDS` in the checkout, in this environment and no other; `errors` is an open file's number."""
    reading, output = os.pipe()
    try:
        pid, ending = _forked(words, environment, output, errors)
    finally:
        os.close(output)
    return Started(pid, ending, os.fdopen(reading, "rb"))


def run(words: list[str], environment: Mapping[str, str], seconds: float = 60) -> "subprocess.CompletedProcess[str]":
    """Runs `python WORDS` to its end; raises subprocess.TimeoutExpired, and ends it, if that takes longer."""
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
        running = Started(*_forked(words, environment, output.fileno(), errors.fileno()))
        try:
            code = running.wait(seconds)
        finally:
            running.kill()
        said = [_all_of(file) for file in (output, errors)]
    return subprocess.CompletedProcess(words, code, *said)


def _all_of(file: BinaryIO) -> str:
    file.seek(0)
    return file.read().decode()


def _forked(words: list[str], environment: Mapping[str, str], output: int, errors: int) -> tuple[int, int]:
    """The new process's id, and the pipe that tells how it ended."""
    told = json.dumps({"words": words, "environment": dict(environment)}).encode()
    ended, ending = os.pipe()
    try:
        with _asking:
            forker = _forkers()["serve" in words]
            socket.send_fds(forker, [len(told).to_bytes(LENGTH, "big")], [output, errors, ending])
            forker.sendall(told)
            pid = forker.recv(LENGTH, socket.MSG_WAITALL)
    finally:
        os.close(ending)
    assert pid, "the process that forks is no more"
    return int.from_bytes(pid, "big"), ended


@functools.cache
def _forkers() -> tuple[socket.socket, socket.socket]:
    """The ways to the processes that fork, the one of commands and the one of serving. They go when this one does."""
    (plain, its_plain), (serving, its_serving) = socket.socketpair(), socket.socketpair()
    theirs = [its_plain.fileno(), its_serving.fileno()]
    line = [sys.executable, "-m", "tests.forking", *map(str, theirs)]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("SIMPUL_")}
    with its_plain, its_serving:
        quiet = subprocess.DEVNULL
        process = subprocess.Popen(line, cwd=ROOT, env=environment, pass_fds=theirs, stdin=quiet, stdout=quiet)
    for each in (functools.partial(process.wait, 30), plain.close, serving.close):  # the last is called first
        atexit.register(each)
    return plain, serving
