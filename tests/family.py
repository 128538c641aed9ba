"""The processes of a running hub with several workers, as somebody on the machine sees them (Linux)."""

import os
import signal
from pathlib import Path

from tests.running import RunningHub


class Family:
    """A hub's parent and its children."""

    def __init__(self, hub: RunningHub) -> None:
        assert hub.process is not None
        self._hub = hub
        self.parent = hub.process.pid

    @property
    def workers(self) -> set[int]:
        """The processes that serve, or are about to."""
        told = Path(f"/proc/{self.parent}/task/{self.parent}/children").read_text()
        return {int(pid) for pid in told.split()}

    @property
    def host(self) -> int | None:
        """The process that writes; None while there is none."""
        inode = (self._hub.folder / "host.lock").stat().st_ino
        for line in Path("/proc/locks").read_text().splitlines():
            _, kind, _, _, pid, file, *_ = line.replace("-> ", "").split()
            if kind == "FLOCK" and file.endswith(f":{inode}"):
                return int(pid)
        return None

    def serving(self, port: int) -> int | None:
        """The process at the other end of a client's connection, by the client's port; None where there is no more."""
        inode = _socket_between(self._hub.port, port)
        return next((pid for pid in self.workers if inode is not None and inode in _sockets_of(pid)), None)

    def listens(self, pid: int) -> bool:
        """Whether a process has a socket that clients may come to, its own or a neighbour's."""
        return not _sockets_of(pid).isdisjoint(_listening(self._hub.port))

    def kill(self, pid: int) -> None:
        """As `kill -9` does."""
        os.kill(pid, signal.SIGKILL)


def _socket_between(server: int, client: int) -> str | None:
    """The number of the server's socket."""
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        _, local, remote, _, _, _, _, _, _, inode, *_ = line.split()
        if local.endswith(f":{server:04X}") and remote.endswith(f":{client:04X}"):
            return inode
    return None


def _listening(port: int) -> set[str]:
    """The numbers of the sockets that listen on a port."""
    lines = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return {fields[9] for fields in lines if fields[1].endswith(f":{port:04X}") and fields[3] == "0A"}


def _sockets_of(pid: int) -> set[str]:
    found = set()
    for each in Path(f"/proc/{pid}/fd").iterdir():
        try:
            target = str(each.readlink())
        except OSError:
            continue
        if target.startswith("socket:["):
            found.add(target[8:-1])
    return found
