"""Which process of a hub is the host: the one that has the lock on a file. The kernel gives it free however it ends."""

import contextlib
import fcntl
import os
import socket
import struct
from pathlib import Path

from storage.errors import StoreUnavailable

LOCK_FILE, SOCKET_FILE = "host.lock", "host.sock"
_LONGEST_PATH = 100
"""Bytes that every system takes for the path of a socket."""


class Seat:
    """The host's seat in a folder, and the socket by which it is reached."""

    def __init__(self, folder: Path) -> None:
        self._lock_path = folder / LOCK_FILE
        self.path = str(folder / SOCKET_FILE)
        self._held: int | None = None

    def take(self) -> bool:
        """Takes the seat if nobody has it. Raises StoreUnavailable where the folder cannot be written."""
        try:
            lock = os.open(self._lock_path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise StoreUnavailable(
                f"{self._lock_path} cannot be written ({error.strerror}). Make its folder writable."
            ) from error
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(lock)
            return False
        self._held = lock
        return True

    def require_short_path(self) -> None:
        """Raises StoreUnavailable where the folder's path leaves no room for a socket in it."""
        if len(os.fsencode(self.path)) > _LONGEST_PATH:
            raise StoreUnavailable(
                f"The path {self.path} is too long for a socket. Set SIMPUL_DATA_DIR to a shorter one."
            )

    def give_up(self) -> None:
        """Lets another have it."""
        if self._held is not None:
            os.close(self._held)
            self._held = None

    def listen(self) -> socket.socket:
        """The socket that the others come to, for this user alone. Only for who has the seat. Raises StoreUnavailable."""
        self.require_short_path()
        with contextlib.suppress(FileNotFoundError):
            Path(self.path).unlink()  # of a host that is no more
        listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        listening.bind(self.path)
        Path(self.path).chmod(0o600)  # before it listens: nobody is let in earlier
        listening.listen(128)
        return listening


def of_this_user(connection: socket.socket) -> bool:
    """Whether whoever came is the user that this process runs as, where the system can tell."""
    if not hasattr(socket, "SO_PEERCRED"):
        return True
    told = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
    _, uid, _ = struct.unpack("3i", told)
    return bool(uid == os.geteuid())
