"""From the start of the process to the first answer, and what the hub then keeps in memory: `python -m bench.start`.

A hub with data of before is started again and again, each time asked one page of reports, then a thousand more. CPU is
the process's own, from the kernel's count; beside it stands the CPU of a bare `import sqlalchemy, strawberry`, taken in
the same round, since seconds on a shared machine are noise. Prints the median of each and all rounds' ratios.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from bench.processes import cpu_of, held_by
from tests.running import RunningHub

ROUNDS = 5
QUERIES = 1_000
PAGE = "{ reports(first: 50) { nodes { id code text area { name } category { name } } } }"
PACKAGES = "import sqlalchemy, strawberry"


@dataclass(frozen=True, slots=True)
class Start:
    """One start: seconds of the clock and of CPU to the first answer, megabytes then and after the queries."""

    seconds: float
    cpu: float
    packages_cpu: float
    first_mb: float
    later_mb: float

    @property
    def ratio(self) -> float:
        """CPU to the first answer against that of the two packages alone."""
        return self.cpu / self.packages_cpu


def packages_cpu() -> float:
    """What importing the two largest packages costs by itself."""
    before = os.times()
    subprocess.run([sys.executable, "-c", PACKAGES], check=True)
    after = os.times()
    return after.children_user + after.children_system - before.children_user - before.children_system


def start(folder: Path) -> Start:
    """Starts the hub on a folder, asks it, and stops it."""
    packages = packages_cpu()
    begun = time.monotonic()
    hub = RunningHub(folder, cold=True).start()
    try:
        assert hub.process is not None
        hub.data(PAGE)
        seconds, cpu, first = time.monotonic() - begun, cpu_of([hub.process.pid]), held_by([hub.process.pid]) / 2**20
        for _ in range(QUERIES):
            hub.ask(PAGE)
        return Start(seconds, cpu, packages, first, held_by([hub.process.pid]) / 2**20)
    finally:
        hub.stop()


def main() -> None:
    """Measures and prints."""
    with tempfile.TemporaryDirectory() as home:
        folder = Path(home) / "data"
        folder.mkdir()
        RunningHub(folder, cold=True).start().stop()  # makes the tables: a first start is not what is measured
        starts = [start(folder) for _ in range(ROUNDS)]
    told = {
        name: round(statistics.median(getattr(each, name) for each in starts), 3)
        for name in ("seconds", "cpu", "packages_cpu", "ratio", "first_mb", "later_mb")
    }
    print(json.dumps({"median": told, "ratios": [round(each.ratio, 2) for each in starts]}, indent=1))


if __name__ == "__main__":
    main()
