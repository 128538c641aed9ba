"""Where tests keep their files: in memory, where there is room.

Databases sync at each commit, and a disk makes tests wait for that. Nothing is proved less: the calls are made all the
same, and no test cuts the power.
"""

import os
import shutil
from pathlib import Path

_MEMORY = Path("/dev/shm")
_BYTES = 6_000_000_000  # more than all tests' files at once, were none removed


def memory_folder() -> Path | None:
    """The folder whose files lie in memory; None where there is none, or too little room."""
    if not (_MEMORY.is_dir() and os.access(_MEMORY, os.W_OK)):
        return None
    return _MEMORY if min(shutil.disk_usage(_MEMORY).free, _free_memory()) > _BYTES else None


def _free_memory() -> int:
    """Memory that programs may have, what the system keeps of files included where it tells."""
    told = Path("/proc/meminfo")
    if told.exists():
        kilobytes = dict(line.split(":") for line in told.read_text().splitlines())["MemAvailable"]
        return int(kilobytes.split()[0]) * 1024
    return os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
