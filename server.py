"""Wires the hub together and runs it: `python server.py COMMAND`; `--help` lists the commands."""

import asyncio
import signal
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, closing
from typing import Annotated, Any

import typer

from connectors.base import Connector, Submits
from connectors.config import SourceConfig
from connectors.errors import NotAuthorised, PushRefused, SettingsWrong, SourceUnavailable
from connectors.inbound import take_push
from connectors.manifest import Capability
from connectors.registry import build
from connectors.runner import Runner, new_holder
from demo.beside import DemoFailed, city_beside
from domain.categories import category_for, parse_categories
from execution import Engine
from resolvers.context import HubParts
from resolvers.parts import hub_parts
from schema.root import graphql_schema
from storage.ingest import StoreSink
from storage.photos.bucket import BucketPhotoStore
from storage.photos.folder import FolderPhotoStore
from storage.photos.store import PhotoStore
from storage.secrets import Secrets, load_secrets
from storage.seeding import read_fact, seed
from storage.sole_server import sole_server
from storage.store import open_store, opened
from storage.transaction import Operation
from transport import graphql_app
from transport.commands import access, data, looking
from transport.commands.command import command, settings_in_force
from transport.configuration import Settings, WrongSetting
from transport.greeting import greeting
from transport.hub import SimpulHub
from transport.identity import identifying
from transport.listening import HubServer, signals_end_serving_alone, take_port
from transport.photo_files import photo_routes
from transport.push import PushOutcome, Receiver, push_routes
from transport.site import site
from transport.trusted import documents_of
from worker.loops import Worker
from worker.work import Work


@asynccontextmanager
async def _parts(settings: Settings, address: str) -> AsyncIterator[tuple[HubParts, Secrets]]:
    """The store, brought up to date and seeded, and everything that hangs on it."""
    async with AsyncExitStack() as stack:
        photos = stack.enter_context(closing(_photo_store(settings)))
        store = await stack.enter_async_context(opened(open_store(settings.store_url)))
        await photos.check()
        await store.write(Operation(seed, frozenset({"seed"})))
        secrets = await store.read(load_secrets)
        async with hub_parts(store, photos, secrets, settings.for_resolvers(address)) as parts:
            yield parts, secrets


def _photo_store(settings: Settings) -> PhotoStore:
    """Where photos lie: in the bucket that is configured, else in the data folder."""
    bucket = settings.photo_bucket
    return BucketPhotoStore(bucket) if bucket else FolderPhotoStore(settings.photo_dir)


def _connectors(settings: Settings, secret: bytes) -> list[Connector[SourceConfig]]:
    """The sources of the configuration. Raises WrongSetting, in words, for one that cannot be."""
    made = []
    for code, told in settings.sources.items():
        config = dict(told)
        kind, name = config.pop("kind", code), config.pop("name", None)
        try:
            made.append(build(kind, config, secret, code=code, name=name))
        except SettingsWrong as error:
            raise WrongSetting(f"The table [sources.{code}] is wrong: {error}. See docs/connectors.md.") from error
    return made


@asynccontextmanager
async def _at_work(
    parts: HubParts, connectors: Sequence[Connector[SourceConfig]], sink: StoreSink
) -> AsyncIterator[None]:
    """Connectors and worker, for as long as the block lasts."""
    runner = Runner(connectors, sink)
    forwarders = {each.code: each for each in connectors if isinstance(each, Submits)}
    work = Work(parts.store, parts.photos, lambda: parts.areas, forwarders, parts.contacts_key)
    at_work = Worker(work, new_holder())
    parts.wake_source = lambda code: void(runner.wake(code))
    parts.wake_outbox = at_work.wake
    await runner.start()
    await at_work.start()
    try:
        yield
    finally:
        await at_work.stop()
        await runner.stop()


def void(_: object) -> None:
    """Drops a value."""


async def run_hub(settings: Settings, *, demo: bool, demo_speed: float) -> None:
    """Serves until SIGINT or SIGTERM."""
    taken = take_port(settings.host, settings.port)
    address = settings.address(taken.getsockname()[1])
    async with AsyncExitStack() as stack:
        stack.callback(taken.close)
        if not settings.database_url:
            stack.enter_context(sole_server(settings.data_dir))
        engine = Engine(graphql_schema(), settings.limits())
        documents = documents_of(settings, engine.check)
        if demo:
            settings = await _with_demo(settings, demo_speed, stack)
        parts, secrets = await stack.enter_async_context(_parts(settings, address))
        connectors = _connectors(settings, secrets.hashes)
        sink = StoreSink(parts.store, lambda: parts.areas, parts.photos, parts.preparer, secrets.hashes)
        await stack.enter_async_context(_at_work(parts, connectors, sink))
        identity = await stack.enter_async_context(identifying(parts, secrets, settings.for_issuer()))
        hub = SimpulHub(engine, parts, identity)
        door = graphql_app(hub, settings.for_door(), documents=documents, secret=secrets.hashes)
        routes = [*photo_routes(parts), *push_routes(_receivers(connectors, sink), settings.for_door())]
        application = site(door, parts.store, routes, origins=settings.cors_origins)
        words = greeting(address, secrets.tokens, demo=demo, issuer=settings.oidc_issuer)
        server = HubServer(application, door, ready=lambda: typer.echo(words))
        with signals_end_serving_alone():
            await server.serve([taken])


def _receivers(connectors: Sequence[Connector[SourceConfig]], sink: StoreSink) -> dict[str, Receiver]:
    """Who takes pushes, with what he refuses told in the pusher's terms."""
    holder = new_holder()

    def receiver(connector: Connector[SourceConfig]) -> Receiver:
        async def receive(body: bytes, headers: Mapping[str, str]) -> PushOutcome:
            try:
                accepted = await take_push(connector, sink, holder, body, headers)
            except PushRefused as error:
                faults = [{"path": fault.path, "message": fault.message} for fault in error.faults]
                return PushOutcome(400, {"message": "The body is not of the agreed form.", "faults": faults})
            except NotAuthorised:
                return PushOutcome(401, {"message": "The key is not the agreed one."})
            except SourceUnavailable as error:
                retry = {"Retry-After": str(round(error.retry_after or 1))}
                return PushOutcome(503, {"message": "The hub is busy: push again later."}, retry)
            return PushOutcome(200, {"created": accepted.created > 0, "setAside": accepted.set_aside})

        return receive

    return {each.code: receiver(each) for each in connectors if Capability.PUSH in each.capabilities}


async def run_worker(settings: Settings) -> None:
    """Connectors and worker without a door, until SIGINT or SIGTERM."""
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with _parts(settings, settings.address()) as (parts, secrets):
        connectors = _connectors(settings, secrets.hashes)
        sink = StoreSink(parts.store, lambda: parts.areas, parts.photos, parts.preparer, secrets.hashes)
        async with _at_work(parts, connectors, sink):
            typer.echo("The worker is at work.")
            await stop.wait()


# ---------------------------------------------------------------- the demonstration city


async def _with_demo(settings: Settings, speed: float, stack: AsyncExitStack) -> Settings:
    """Starts the city and makes its servers the sources, beside those that are configured."""
    city = city_beside(speed=speed, memory=settings.data_dir / "demo.json", port_base=settings.port + 100)
    try:
        told = await stack.enter_async_context(city)
    except DemoFailed as error:
        raise WrongSetting(f"{error}. Its own words are above.") from error
    return settings.model_copy(update={"sources": {**_demo_sources(told), **settings.sources}})


def _demo_sources(told: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    facts = parse_categories(read_fact("categories.toml"))
    markers = {marker: category_for(word, facts) or "other" for marker, word in told["qlue_categories"].items()}
    return {
        "peta_jakarta": {"kind": "peta_jakarta", "base_url": told["peta_jakarta_v3"], "poll_seconds": 5},
        "qlue": {"kind": "qlue", "base_url": told["qlue"], "categories": markers, "poll_seconds": 4},
        "lapor": {
            "kind": "lapor",
            "base_url": told["lapor"],
            "profile": "lapor-xml",
            "token": told["lapor_token"],
            "key_token": told["lapor_keytoken"],
            "export": f"{told['lapor']}/export/tickets.csv",
            "poll_seconds": 10,
        },
    }


# ---------------------------------------------------------------- commands

WHAT = "Simpul joins Jakarta's citizen reports, Peta Jakarta's floods and LAPOR's tickets in one GraphQL schema."

app = typer.Typer(no_args_is_help=True, add_completion=False, help=WHAT, pretty_exceptions_enable=False)
for commands in (data.app, access.app, looking.app):
    app.add_typer(commands)


@app.command()
@command
async def serve(
    demo: Annotated[bool, typer.Option("--demo", help="Run the demonstration city and use it as the sources.")] = False,
    demo_speed: Annotated[float, typer.Option(help="How much faster than life the city plays.")] = 10.0,
) -> None:
    """Serve the hub: GraphQL, pages, photos, connectors and the worker in one process."""
    await run_hub(settings_in_force(), demo=demo, demo_speed=demo_speed)


@app.command()
@command
async def worker() -> None:
    """Run the connectors and the worker alone, beside processes that serve."""
    await run_worker(settings_in_force())


if __name__ == "__main__":
    app()
