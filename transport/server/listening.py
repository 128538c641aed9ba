"""Listens for clients on a port that is taken (ports.py): serves once the hub is ready, stands in for neighbours that are away,
and tells subscribers before it stops."""

import asyncio
import logging
import signal
import socket
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from typing import cast

import uvicorn
from starlette.types import ASGIApp

from transport.graphql_app import GraphQLDoor
from transport.server.connections import raise_open_files
from transport.server.uvicorn_options import uvicorn_options

log = logging.getLogger("simpul.transport")

BACKLOG = 2_048
ACCEPTED_AT_ONCE = 64
"""Connections that asyncio accepts before it looks at the first of them: by default as many as may wait, and then it runs out
of files before anybody can be turned away (connections.py), and writes a failure to the log for each."""
STAND_IN_AGAIN_SECONDS = 1.0
"""Before a process that could not stand in tries once more: what it lacks are files, which requests give back as they end."""


class HubServer(uvicorn.Server):
    """uvicorn, but subscribers are told that the hub stops before their connections are closed.

    `ready` is called once clients get in.
    """

    def __init__(self, app: ASGIApp, door: GraphQLDoor, *, ready: Callable[[], None]) -> None:
        raise_open_files()
        options = uvicorn_options(door.settings)
        super().__init__(
            uvicorn.Config(
                app,
                lifespan="off",
                log_config=None,
                access_log=False,
                server_header=False,
                backlog=ACCEPTED_AT_ONCE,
                **options,
            )
        )
        self._door = door
        self._ready = ready
        self._leaving: Callable[[], None] = lambda: None
        self._neighbours: Mapping[str, socket.socket] = {}
        self._away: Collection[str] = ()
        self._stand_ins: dict[str, asyncio.Server] = {}
        self._standing_in: asyncio.Task[None] | None = None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begins to listen."""
        await super().startup(sockets)
        for each in sockets or ():
            each.listen(BACKLOG)
        if self.started:
            self._ready()

    def beside(self, neighbours: Mapping[str, socket.socket], leaving: Callable[[], None]) -> None:
        """Before it serves: other processes do so too, on sockets of their own that all have; `leaving` is called once
        clients get in no more."""
        self._neighbours, self._leaving = neighbours, leaving

    def stand_in(self, away: Collection[str]) -> None:
        """Takes who comes to these of its neighbours, and to no others any more.

        Who waits there is served now, and who comes need not wait until the process is replaced.
        """
        self._away = away
        if self._standing_in is None or self._standing_in.done():
            self._standing_in = asyncio.create_task(self._stand_in(), name="standing in")

    async def _stand_in(self) -> None:
        """Until all is as it was told last; once the hub stops, for nobody."""
        while (wanted := set() if self.should_exit else self._neighbours.keys() & self._away) != self._stand_ins.keys():
            for name in self._stand_ins.keys() - wanted:
                self._stand_ins.pop(name).close()
            for name in wanted - self._stand_ins.keys():
                try:
                    self._stand_ins[name] = await self._listening_too(self._neighbours[name])
                except OSError as error:
                    log.warning("cannot stand in for %s, and will try again: %s", name, error)
            if wanted - self._stand_ins.keys():
                await asyncio.sleep(STAND_IN_AGAIN_SECONDS)

    async def _listening_too(self, theirs: socket.socket) -> asyncio.Server:
        """Raises OSError."""
        ours = theirs.dup()  # the neighbour's is not closed with it
        loop = asyncio.get_running_loop()
        try:
            server = await loop.create_server(self._connection, sock=ours, backlog=ACCEPTED_AT_ONCE)
        except OSError:
            ours.close()
            raise
        ours.listen(BACKLOG)
        return server

    def _connection(self) -> asyncio.Protocol:
        """As uvicorn makes it for the process's own socket."""
        make = cast(Callable[..., asyncio.Protocol], self.config.http_protocol_class)
        return make(config=self.config, server_state=self.server_state, app_state=self.lifespan.state)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Lets nobody in any more, tells subscribers, waits for mutations, then for requests in flight."""
        for server in (*self.servers, *self._stand_ins.values()):
            server.close()
        for each in self._neighbours.values():
            each.close()  # whoever comes to one that nobody else holds is refused, not kept waiting
        self._leaving()
        await self._door.close_all()
        await super().shutdown(sockets)


@contextmanager
def signals_end_serving_alone() -> Iterator[None]:
    """uvicorn raises the signal that ended it once more when it has served: here that would break off the clearing up."""
    loop, numbers = asyncio.get_running_loop(), (signal.SIGINT, signal.SIGTERM)
    for number in numbers:
        loop.add_signal_handler(number, lambda: None)
    try:
        yield
    finally:
        for number in numbers:
            loop.remove_signal_handler(number)
