"""What processes have used, by the kernel's count."""

import os
from collections.abc import Sequence
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")


def cpu_of(processes: Sequence[int]) -> float:
    """Seconds of CPU that processes have had so far, the kernel's work for them included."""
    ticks = 0
    for process in processes:
        told = Path(f"/proc/{process}/stat").read_text(encoding="ascii", errors="replace")
        ticks += sum(map(int, told.rpartition(")")[2].split()[11:13]))
    return ticks / _TICKS


def held_by(processes: Sequence[int]) -> int:
    """Bytes of memory that processes hold: the proportional set size, in which what several share is counted once."""
    total = 0
    for process in processes:
        told = Path(f"/proc/{process}/smaps_rollup").read_text(encoding="ascii")
        total += sum(int(line.split()[1]) for line in told.splitlines() if line.startswith("Pss:")) * 1024
    return total
