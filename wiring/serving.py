"""One process that serves: the door and everything behind it, from its first client until it is told to stop."""

import gc
import socket
from collections.abc import Callable
from contextlib import AsyncExitStack

from execution import Engine
from schema.root import graphql_schema
from storage.sqlite.sole_server import sole_server
from transport import graphql_app
from transport.greeting import greeting
from transport.hub import SimpulHub
from transport.identity.finding import identifying
from transport.operations.documents import PersistedDocuments
from transport.operations.levels import shared_by
from transport.operations.trusted import documents_of
from transport.photo_files import photo_routes
from transport.push import push_routes
from transport.server.listening import HubServer, signals_end_serving_alone
from transport.server.ports import take_port
from transport.settings.configuration import Settings
from transport.site import site
from wiring.parts import parts_of
from wiring.place import Place
from wiring.working import at_work

_COLLECTOR = (50_000, 20, 100)
"""How many things are made until the collector looks at the young ones, and how many such looks there are until it looks at
the older and at the old. Python's own are 700, 10 and 10: an answer makes some hundreds, which end with it, so it would look
for nothing with each; and to look at the old takes tenths of a second where thousands of sockets are open."""


class Schema:
    """What all processes of a hub have alike, made once: the schema's engine and the trusted documents."""

    def __init__(self, settings: Settings) -> None:
        self.engine = Engine(graphql_schema(), settings.limits())
        self.documents: PersistedDocuments = documents_of(settings, self.engine.check)


async def serve_alone(
    settings: Settings, greet: Callable[[str], None], *, demo_speed: float | None, tokens: bool
) -> None:
    """Serves in this process until SIGINT or SIGTERM. `greet` is given the words for who started it, once ready.

    `demo_speed`: that of the demonstration city; None without it. `tokens`: whether the words have tokens to try it with.
    """
    with take_port(settings.host, settings.port) as taken:
        async with AsyncExitStack() as stack:
            if settings.embedded_file is not None:
                stack.enter_context(sole_server(settings.embedded_file.parent))
            schema = Schema(settings)
            if demo_speed is not None:
                from wiring.demonstration import city, with_city

                settings = with_city(settings, await stack.enter_async_context(city(settings, demo_speed)))
            address, issuer, demo = (
                settings.address(taken.getsockname()[1]),
                settings.oidc_issuer,
                demo_speed is not None,
            )

            def say(key: bytes) -> None:
                greet(greeting(address, key if tokens else None, demo=demo, issuer=issuer))

            await serve(settings, schema, taken, say)


async def serve(
    settings: Settings,
    schema: Schema,
    taken: socket.socket,
    ready: Callable[[bytes], None],
    place: Place | None = None,
) -> None:
    """Serves on a port that is taken, until SIGINT or SIGTERM. `ready` is given the key of local tokens, once it serves."""
    address = settings.address(taken.getsockname()[1])
    async with (
        parts_of(settings, address, place) as (parts, secrets, crossing),
        at_work(parts, settings, crossing, place) as receivers,
        identifying(parts, secrets, settings.for_issuer()) as identity,
    ):
        hub = SimpulHub(schema.engine, parts, identity)
        for_door = settings.for_door()
        levels = None if place is None or place.levels is None else shared_by(place.levels)
        door = graphql_app(hub, for_door, documents=schema.documents, secret=secrets.hashes, levels=levels)
        routes = [*photo_routes(parts), *push_routes(receivers, for_door)]
        application = site(door, parts.store, routes, origins=settings.cors_origins)

        def begun() -> None:
            ready(secrets.tokens)
            if place is not None and place.ear is not None:
                place.ear.attend(server.stand_in)

        server = HubServer(application, door, ready=begun)
        if place is not None:
            server.beside(place.neighbours, place.leave)
        _settle_down()
        with signals_end_serving_alone():
            await server.serve([taken])


def _settle_down() -> None:
    """What is here now stays: the collector need not look at it again and again. What answers and writes are made of is
    many small things that are gone with them, so it looks for rings of dead ones less often than it would."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_COLLECTOR)
    gc.enable()
