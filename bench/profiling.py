"""Where a Python server's time goes while it is asked: py-spy looks on from outside, a hundred times a second.

Kept as text, the functions by their own share and by all that they called: small enough to read beside the table.
"""

import shutil
import subprocess
import sys
import tempfile
import threading
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from bench.servers import Server

PYTHON = frozenset({"hub", "strawberry", "by hand", "one worker", "two workers"})
SHOWN = 25


def profiled(server: Server, busy: Callable[[], object], seconds: float) -> str:
    """Looks on while `busy` asks the server. Raises RuntimeError, with py-spy's words, where it cannot."""
    spy = shutil.which("py-spy") or str(Path(sys.executable).with_name("py-spy"))
    with tempfile.TemporaryDirectory(prefix="simpul-bench-") as folder:
        file = Path(folder) / "raw"
        asking = threading.Thread(target=busy)
        asking.start()
        command = [spy, "record", "--pid", str(server.process.pid), "--duration", str(max(1, round(seconds)))]
        done = subprocess.run(
            [*command, "--format", "raw", "--output", str(file), "--nonblocking"], capture_output=True, text=True
        )
        asking.join()
        if not file.exists():
            raise RuntimeError(f"py-spy could not look on: {done.stderr[-500:]}")
        return summary(file.read_text())


def summary(raw: str) -> str:
    """The functions with the largest shares, of stacks one a line with their counts."""
    own: Counter[str] = Counter()
    within: Counter[str] = Counter()
    for line in raw.splitlines():
        stack, _, count = line.rpartition(" ")
        if not count.isdigit():  # a stack that was read while it changed
            continue
        frames = [frame.strip() for frame in stack.split(";")]
        if any(word in stack for word in ("wait (threading.py", "_worker (concurrent")) and len(frames) < 5:
            continue
        own[frames[-1]] += int(count)
        for frame in set(frames):
            within[frame] += int(count)
    total = sum(own.values()) or 1
    lines = ["own %  function"]
    lines += [f"{count * 100 / total:5.1f}  {name}" for name, count in own.most_common(SHOWN)]
    lines += ["", "all %  function, with what it called"]
    lines += [f"{count * 100 / total:5.1f}  {name}" for name, count in within.most_common(SHOWN)]
    return "\n".join(lines) + "\n"
