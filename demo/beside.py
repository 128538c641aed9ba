"""Runs the demonstration city as a process of its own beside somebody else, and stops it with him."""

import asyncio
import contextlib
import json
import socket
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

_HERE = Path(__file__).resolve().parent.parent
LONGEST_DAYS = 30
"""A city that began longer ago begins anew."""


class DemoFailed(Exception):
    """The city did not come up; its last words."""


@asynccontextmanager
async def city_beside(
    *, speed: float, memory: Path, port_base: int = 0, seed: int = 7
) -> AsyncIterator[Mapping[str, Any]]:
    """The addresses and tokens that `python -m demo` tells, for as long as the block lasts. Raises DemoFailed.

    `memory` is a file that remembers when the city began, so that after a restart it goes on instead of beginning anew.
    It listens on four ports from `port_base`, so that its addresses stay the same, or on any where those are taken.
    """
    ports = str(_free_ports(port_base) if port_base else 0)
    arguments = ["--speed", str(speed), "--port-base", ports, "--seed", str(seed), "--until-stdin-closes"]
    start = _began(memory)
    if start is not None:
        arguments += ["--start", start]
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "demo", *arguments),
        cwd=_HERE,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        start_new_session=True,  # Ctrl-C is for the parent, which then closes our input
    )
    assert process.stdout is not None and process.stdin is not None
    try:
        line = await asyncio.wait_for(process.stdout.readline(), 60)
        if not line:
            raise DemoFailed(f"the demonstration city ended at once, with code {await process.wait()}")
        told = json.loads(line)
        _remember(memory, told["start"])
        yield told
    finally:
        process.stdin.close()
        try:
            await asyncio.wait_for(process.wait(), 10)
        except TimeoutError:
            process.kill()
            await process.wait()


def _began(memory: Path) -> str | None:
    with contextlib.suppress(OSError, ValueError, KeyError):
        start = datetime.fromisoformat(json.loads(memory.read_text())["start"])
        if (datetime.now(UTC) - start).days < LONGEST_DAYS:
            return start.isoformat()
    return None


def _remember(memory: Path, start: str) -> None:
    try:
        memory.parent.mkdir(parents=True, exist_ok=True)
        memory.write_text(json.dumps({"start": start}))
    except OSError as error:
        raise DemoFailed(f"{memory} cannot be written ({error.strerror})") from error


def _free_ports(base: int) -> int:
    """The first of four free ports in a row; 0 (any) if they are taken."""
    try:
        for port in range(base, base + 4):
            with socket.socket() as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                probe.bind(("127.0.0.1", port))
    except (OSError, OverflowError):
        return 0
    return base
