"""When a parent takes a process for one that hangs. What comes of it, tests/test_workers.py shows on a hub."""

import os
import signal
import subprocess
from collections.abc import Iterator

import pytest

from wiring.children import BEAT, Child
from wiring.supervising import Supervisor


@pytest.fixture
def process() -> Iterator["subprocess.Popen[bytes]"]:
    with subprocess.Popen(["sleep", "60"]) as made:
        yield made
        made.kill()


@pytest.fixture
def says(process: "subprocess.Popen[bytes]") -> Iterator[tuple[Child, int]]:
    """A process as its parent sees it, and the end of the pipe that it speaks into."""
    child = Child("it", lambda *_: 0)
    (hears, mouth), (ear, tells) = os.pipe(), os.pipe()
    child.started(process.pid, hears, tells)
    yield child, mouth
    child.ended(0)
    os.close(mouth)
    os.close(ear)


def watching(child: Child, patience: float) -> Supervisor:
    made = Supervisor(patience)
    for end in (made._woken, made._wake):  # nobody signals it
        os.close(end)
    made._children.append(child)
    return made


def test_who_was_silent_for_longer_than_the_patience_is_ended(
    process: "subprocess.Popen[bytes]", says: tuple[Child, int]
) -> None:
    child, mouth = says
    parent = watching(child, 6)
    os.write(mouth, b"ready\n")
    assert child.listen() and child.ready
    for _ in range(6):
        parent._end_who_hang(1)
    assert process.poll() is None
    os.write(mouth, BEAT)
    assert not child.listen() and child.ready
    for _ in range(6):
        parent._end_who_hang(1)
    assert process.poll() is None, "it had given a sign"
    parent._end_who_hang(1)
    assert process.wait(10) == -signal.SIGKILL


def test_while_the_parent_slept_nobody_was_silent(process: "subprocess.Popen[bytes]", says: tuple[Child, int]) -> None:
    child, mouth = says
    parent = watching(child, 6)
    os.write(mouth, b"ready\n")
    child.listen()
    for _ in range(6):
        parent._end_who_hang(10_000)
    assert process.poll() is None


def test_who_does_not_serve_yet_need_say_nothing(process: "subprocess.Popen[bytes]", says: tuple[Child, int]) -> None:
    child, mouth = says
    parent = watching(child, 6)
    os.write(mouth, BEAT)
    assert not child.listen() and not child.ready
    for _ in range(20):
        parent._end_who_hang(1)
    assert process.poll() is None
