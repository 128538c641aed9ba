"""Runs the demonstration city as a process of its own beside somebody else, and stops it with him."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

_HERE = Path(__file__).resolve().parent.parent


class DemoFailed(Exception):
    """The city did not come up; its last words."""


@asynccontextmanager
async def city_beside(
    *, speed: float, start: str | None = None, port_base: int = 0, seed: int = 7
) -> AsyncIterator[Mapping[str, Any]]:
    """The addresses and tokens that `python -m demo` tells, for as long as the block lasts. Raises DemoFailed."""
    arguments = ["--speed", str(speed), "--port-base", str(port_base), "--seed", str(seed), "--until-stdin-closes"]
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
        yield json.loads(line)
    finally:
        process.stdin.close()
        try:
            await asyncio.wait_for(process.wait(), 10)
        except TimeoutError:
            process.kill()
            await process.wait()
