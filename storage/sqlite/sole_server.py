"""One process serves an embedded database: a second one would contend for the writer and be behind in what it tells.

Held by a lock on a file in the data folder. The kernel lets go of it when the process ends, however it ends.
"""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from storage.errors import StoreUnavailable

LOCK_FILE = "serving.lock"


@contextmanager
def sole_server(folder: Path) -> Iterator[None]:
    """Holds the folder for the length of a block. Raises StoreUnavailable while another process has it."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = (folder / LOCK_FILE).open("a")
    except OSError as error:
        raise StoreUnavailable(
            f"The folder {folder} cannot be written ({error.strerror}). Make it writable, or set SIMPUL_DATA_DIR."
        ) from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise StoreUnavailable(
                f"Another hub serves the data in {folder}. Stop that, or give this one another folder"
                " (SIMPUL_DATA_DIR, or SIMPUL_DATABASE_URL where that names an SQLite file)."
            ) from error
        yield
