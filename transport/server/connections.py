"""How many connections may be open: fewer than the process may have files, and of one client no more than half of those.

Where the system has no files left nobody gets in, the hub itself cannot open what it needs, and asyncio writes to the log
without end that it cannot accept. So the bound is ours, and lies below the system's.
"""

import resource
from collections import Counter
from contextlib import suppress
from ipaddress import ip_address, ip_network

from transport.identity.clients import client_of
from transport.settings.door_limits import DoorSettings

OTHERS = 500
"""Connections that a client may have beside its sockets and event streams: for requests."""
_SHARE = 0.75  # of the files; the rest is for uploads, the store, photos and sources


def raise_open_files() -> int:
    """Let this process open as many files as the system lets it; return how many those are."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    with suppress(OSError, ValueError):  # macOS calls its limit infinite, and takes no such number
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    return resource.getrlimit(resource.RLIMIT_NOFILE)[0]


class Connections:
    """Those that are open, by client. Balancers that are trusted bring many clients, and have as many as there are."""

    def __init__(self, settings: DoorSettings, files: int | None = None) -> None:
        files = resource.getrlimit(resource.RLIMIT_NOFILE)[0] if files is None else files
        self.most = int(files * _SHARE) if files > 0 else 100_000
        usual = settings.sockets_per_client + settings.streams_per_client + OTHERS
        self.most_of_one = min(usual, self.most // 2)
        self._balancers = [ip_network(each, strict=False) for each in settings.trusted_proxies]
        self._client_of: dict[object, str] = {}
        self._open: Counter[str] = Counter()

    def __len__(self) -> int:
        return len(self._client_of)

    def enter(self, connection: object, address: str | None) -> bool:
        """Count a connection that was opened; False, and nothing counted, where it is one too many."""
        client = client_of(address) or ""
        if len(self) >= self.most or (self._open[client] >= self.most_of_one and not self._balances(address)):
            return False
        self._client_of[connection] = client
        self._open[client] += 1
        return True

    def leave(self, connection: object) -> None:
        """Count it no more; one that was never counted, or has left, is passed over."""
        client = self._client_of.pop(connection, None)
        if client is not None:
            self._open[client] -= 1
            if not self._open[client]:
                del self._open[client]

    def _balances(self, address: str | None) -> bool:
        try:
            return any(ip_address(address or "") in network for network in self._balancers)
        except ValueError:
            return not address  # a local socket
