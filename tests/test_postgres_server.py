"""The PostgreSQL that the storage tests run on: it is one, it is what it says, and it leaves nothing behind."""

import os
import signal
import socket
import subprocess
import sys
import tempfile
from contextlib import suppress
from pathlib import Path

import asyncpg
import pytest

from tests.postgres import fresh_database, postgres_server


def as_asyncpg(url: str) -> str:
    return url.replace("postgresql+asyncpg://", "postgresql://")


async def ask(url: str, question: str) -> str:
    connection = await asyncpg.connect(as_asyncpg(url))
    try:
        return str(await connection.fetchval(question))
    finally:
        await connection.close()


async def test_it_is_postgresql_18_with_utf8_and_room_for_two_hundred() -> None:
    url = fresh_database("facts")
    assert int(await ask(url, "SHOW server_version_num")) // 10_000 == 18
    assert await ask(url, "SHOW server_encoding") == "UTF8"
    assert await ask(url, "SELECT datlocale FROM pg_database WHERE datname = current_database()") == "C.UTF-8"
    assert await ask(url, "SHOW max_connections") == "200"
    assert await ask(url, "SELECT lower('É')") == "é"


async def test_databases_are_apart_and_the_server_is_one() -> None:
    assert postgres_server() == postgres_server()
    one, other = fresh_database("Two words!"), fresh_database("Two words!")
    assert one != other
    assert "two_words" in one
    await ask(one, "CREATE TABLE here AS SELECT 1")
    assert await ask(one, "SELECT to_regclass('here')") == "here"
    assert await ask(other, "SELECT to_regclass('here')") == "None"


SCRIPT = """
import os, signal, sys
from tests.postgres import postgres_server
print(postgres_server(), flush=True)
sys.stdin.readline()
if sys.argv[1] == "killed":
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.parametrize("end", ["exit", "killed"])
def test_it_ends_with_the_process_that_started_it(end: str) -> None:
    if end == "killed" and sys.platform != "linux":
        pytest.skip("only Linux tells a child that its parent was killed")
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)
        with subprocess.Popen(
            [sys.executable, "-c", SCRIPT, end],
            cwd=Path(__file__).parent.parent,
            env=os.environ | {"TMPDIR": folder},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        ) as starter:
            assert starter.stdout is not None
            port = int(starter.stdout.readline().strip(" /\n").rpartition(":")[2])
            with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
                starter.communicate("go on\n")
                assert starter.returncode == (0 if end == "exit" else -signal.SIGKILL)
                with suppress(ConnectionResetError):  # closed as well, but in a hurry
                    assert connection.recv(1) == b"", "the server's end of the connection closes when the server goes"
        if end == "exit":
            assert list(Path(folder).iterdir()) == []
