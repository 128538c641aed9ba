"""Wires the hub together and runs it: `python server.py COMMAND`; `--help` lists the commands."""

import asyncio
import logging
import re
import signal
import sys
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, closing
from datetime import datetime
from functools import wraps
from pathlib import Path
from typing import Annotated, Any, ParamSpec

import typer

from connectors.base import Connector, Submits
from connectors.config import SourceConfig
from connectors.errors import NotAuthorised, PushRefused, SettingsWrong, SourceUnavailable
from connectors.inbound import take_push
from connectors.manifest import Capability
from connectors.registry import build
from connectors.runner import Runner, new_holder
from demo.beside import DemoFailed, city_beside
from domain.area_facts import parse_facts
from domain.area_import import BoundaryImportError, parse_boundaries
from domain.categories import category_for, parse_categories
from domain.time import DAY, moment
from domain.vocabulary import Locale, Role, Scope
from execution import Engine
from resolvers.context import HubParts
from resolvers.inputs import RevokeAccess
from resolvers.parts import hub_parts
from resolvers.revoking import entry_of, wrong_with
from schema.root import graphql_schema
from storage.api_keys import NewApiKey, all_api_keys, creation
from storage.boundaries import import_boundaries
from storage.boundary_following import read_area_map
from storage.clock import now_in_micros
from storage.errors import StoreUnavailable
from storage.event_log import broken_links, read_head
from storage.ingest import StoreSink
from storage.persons import agency_id_of
from storage.photos.bucket import BucketPhotoStore
from storage.photos.folder import FolderPhotoStore
from storage.photos.store import PhotoStore, PhotoStoreUnavailable
from storage.reports.naming import UnknownCode
from storage.revocations import revoke
from storage.secrets import ROTATED, Secrets, load_secrets, rotate_secret
from storage.seeding import read_fact, seed
from storage.sensitive_categories import make_sensitive
from storage.sole_server import sole_server
from storage.sources import all_sources
from storage.store import Store, open_store, opened
from storage.suspicions import recent_suspicions
from storage.transaction import Operation
from transport import graphql_app
from transport.configuration import Settings, WrongSetting, load_settings
from transport.greeting import greeting
from transport.hub import SimpulHub
from transport.identity import identifying
from transport.listening import CannotListen, HubServer, signals_end_serving_alone, take_port
from transport.photo_files import photo_routes
from transport.push import PushOutcome, Receiver, push_routes
from transport.site import site
from transport.tokens import issue
from transport.trusted import documents_of
from worker.loops import Worker
from worker.work import Work

P = ParamSpec("P")
log = logging.getLogger("simpul")


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
        routes = [*photo_routes(parts), *push_routes(_receivers(connectors, sink))]
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

app = typer.Typer(no_args_is_help=True, add_completion=False, help=__doc__, pretty_exceptions_enable=False)
areas_app = typer.Typer(no_args_is_help=True, help="Boundaries of areas.")
app.add_typer(areas_app, name="areas")
categories_app = typer.Typer(no_args_is_help=True, help="Kinds of reports.")
app.add_typer(categories_app, name="categories")
keys_app = typer.Typer(no_args_is_help=True, help="Partners' API keys, and the hub's own keys.")
app.add_typer(keys_app, name="keys")


def command(function: Callable[P, Coroutine[Any, Any, None]]) -> Callable[P, None]:
    """Runs a coroutine as a command; what the operator can mend is one line, not a traceback."""

    @wraps(function)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            asyncio.run(function(*args, **kwargs))
        except (WrongSetting, StoreUnavailable, PhotoStoreUnavailable, CannotListen) as error:
            typer.echo(str(error), err=True)
            raise typer.Exit(1) from error
        except KeyboardInterrupt:
            raise typer.Exit(0) from None

    return run


@app.command()
@command
async def serve(
    demo: Annotated[bool, typer.Option("--demo", help="Run the demonstration city and use it as the sources.")] = False,
    demo_speed: Annotated[float, typer.Option(help="How much faster than life the city plays.")] = 10.0,
) -> None:
    """Serve the hub: GraphQL, pages, photos, connectors and the worker in one process."""
    await run_hub(_settings(), demo=demo, demo_speed=demo_speed)


@app.command()
@command
async def worker() -> None:
    """Run the connectors and the worker alone, beside processes that serve."""
    await run_worker(_settings())


@app.command()
@command
async def migrate() -> None:
    """Bring the store's tables up to date and leave."""
    async with opened(open_store(_settings().store_url)):
        typer.echo("The tables are up to date.")


@app.command(name="seed")
@command
async def seed_facts() -> None:
    """Add the facts that ship with the hub (areas, categories, agencies) where they are missing."""
    async with _seeded(_settings()):
        typer.echo("The facts are there.")


@app.command()
@command
async def token(
    role: Annotated[Role, typer.Option(case_sensitive=False, help="Whose token it is.")],
    agency: Annotated[str | None, typer.Option(help="The code of its agency, for responders and partners.")] = None,
    subject: Annotated[str | None, typer.Option(help="Who it is; by default one person a role.")] = None,
    name: Annotated[str | None, typer.Option(help="The name to show.")] = None,
    hours: Annotated[float, typer.Option(min=0.01, max=24 * 365, help="How long it holds.")] = 24.0,
) -> None:
    """Sign a bearer token with the local key, for development and for trying things out."""
    if role is Role.ANONYMOUS:
        raise typer.BadParameter("whoever is anonymous needs no token")
    settings = _settings()
    if settings.oidc_issuer:
        raise WrongSetting(f"Tokens come from {settings.oidc_issuer} (SIMPUL_OIDC_ISSUER): the local key signs none.")
    async with _seeded(settings) as store:
        secrets = await store.read(load_secrets)
    typer.echo(issue(secrets.tokens, role=role, subject=subject, agency=agency, name=name, seconds=int(hours * 3600)))


@app.command(name="revoke")
@command
async def revoke_access(
    subject: Annotated[str | None, typer.Option(help="Whose tokens: their `sub`.")] = None,
    token: Annotated[str | None, typer.Option(help="One token, by its `jti`; or one API key, by its id.")] = None,
    agency: Annotated[str | None, typer.Option(help="The code of an agency: its people's tokens and its keys.")] = None,
    issued_before: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%dT%H:%M:%S%z"], help="Only what was issued before it; with none of these: all."),
    ] = None,
) -> None:
    """End tokens and API keys that were given out, in all processes that serve, within five seconds."""
    given = RevokeAccess(subject=subject, token_id=token, agency=agency, issued_before=issued_before)
    now = now_in_micros()
    for fault in wrong_with(given, now):
        raise typer.BadParameter(fault.message[Locale.EN])
    async with _seeded(_settings()) as store:
        entry = entry_of(given, await _agency_id(store, agency), now)
        ended = await store.write(Operation(lambda tx: revoke(tx, entry)))
    until = (
        "" if entry.issued_before is None else f" What was issued before {_shown(entry.issued_before)} holds no more."
    )
    typer.echo(f"Revoked.{until} API keys ended: {ended}.")


async def _agency_id(store: Store, code: str | None) -> int | None:
    found = None if code is None else await store.read(agency_id_of, code)
    if code is not None and found is None:
        raise typer.BadParameter(f"there is no agency {code}")
    return found


def _shown(at: int | None) -> str:
    return "never" if at is None else f"{moment(at):%Y-%m-%dT%H:%M:%SZ}"


@keys_app.command(name="create")
@command
async def create_key(
    name: Annotated[str, typer.Option(help="What it is for, so that it can be told from others.")],
    scope: Annotated[list[Scope], typer.Option(help="What it may be used for; give it once for each.")],
    agency: Annotated[str | None, typer.Option(help="The code of the partner's agency.")] = None,
    partner: Annotated[str | None, typer.Option(help="A code for a partner that is no agency.")] = None,
    days: Annotated[int, typer.Option(min=1, max=5 * 366, help="How long it holds.")] = 365,
) -> None:
    """Make an API key for a partner, and show it this once."""
    async with _seeded(_settings()) as store:
        agency_id, code = await _partner(store, agency, partner)
        asked = NewApiKey(name, code, agency_id, frozenset(scope), now_in_micros() + days * DAY)
        key = await store.write(creation(asked))
    typer.echo(key)
    typer.echo("It is shown this once. It goes into the header Simpul-Api-Key.", err=True)


async def _partner(store: Store, agency: str | None, partner: str | None) -> tuple[int | None, str]:
    """The agency's row, and the code that the partner's reports come under."""
    if partner is None:
        agency_id = await _agency_id(store, agency)
        if agency is not None:
            return agency_id, agency
    elif agency is None and re.fullmatch("[a-z0-9_-]{1,64}", partner):
        if await store.read(agency_id_of, partner) is None:
            return None, partner
        raise typer.BadParameter(f"{partner} is an agency: name it with --agency")
    raise typer.BadParameter("give --agency, or --partner in small letters, digits, _ and -")


@keys_app.command(name="list")
@command
async def list_keys() -> None:
    """List the API keys, the newest first: id, partner, state, end, last day of use, scopes, name."""
    async with _seeded(_settings()) as store:
        for row in await store.read(all_api_keys):
            state = "revoked" if row.revoked_at else "holds" if row.holds(now_in_micros()) else "expired"
            used = "never" if row.used_at is None else f"{moment(row.used_at):%Y-%m-%d}"
            told = f"{row.public_id} {row.partner:16} {state:8} {moment(row.expires_at):%Y-%m-%d} {used:10}"
            typer.echo(f"{told} {','.join(sorted(row.scopes))} {row.name}")


@keys_app.command(name="revoke")
@command
async def revoke_key(key: Annotated[str, typer.Argument(help="Its id, or the whole key.")]) -> None:
    """End an API key for good, in all processes that serve, within five seconds."""
    entry = entry_of(RevokeAccess(token_id=key), None, now_in_micros())
    async with _seeded(_settings()) as store:
        if entry.token_id not in {row.public_id for row in await store.read(all_api_keys)}:
            raise typer.BadParameter("there is no such API key")
        ended = await store.write(Operation(lambda tx: revoke(tx, entry)))
    typer.echo("Revoked." if ended else "It was revoked already.")


@keys_app.command(name="rotate")
@command
async def rotate_key(purpose: Annotated[str, typer.Argument(help=f"One of: {', '.join(ROTATED)}.")]) -> None:
    """Draw a new key of the hub's own. Processes that serve take it up when they are started again."""
    if purpose not in ROTATED:
        raise typer.BadParameter(f"only these can be rotated: {', '.join(ROTATED)}")
    async with _seeded(_settings()) as store:
        await store.write(Operation(lambda tx: rotate_secret(tx, purpose)))
    typer.echo("There is a new key. Start the hub again, so that it is used.")


@areas_app.command(name="import")
@command
async def import_areas(
    file: Annotated[
        Path, typer.Argument(help="A GeoJSON FeatureCollection of kelurahan.", exists=True, dir_okay=False)
    ],
    code_property: Annotated[str | None, typer.Option(help="The property that holds the Kemendagri code.")] = None,
    name_property: Annotated[str | None, typer.Option(help="The property that holds the name.")] = None,
) -> None:
    """Replace approximate boundaries with real ones: all of the file, or nothing."""
    facts = parse_facts(read_fact("jakarta_areas.csv"))
    try:
        found = parse_boundaries(file.read_bytes(), facts, code_property=code_property, name_property=name_property)
    except BoundaryImportError as error:
        typer.echo(f"Nothing was imported. {error}", err=True)
        raise typer.Exit(1) from error
    async with _seeded(_settings()) as store:
        moved = await import_boundaries(store, found)
    typer.echo(
        f"Boundaries of {len(found.covered)} of {len(found.covered) + len(found.missing)} kelurahan imported"
        f" ({len(found.mended)} mended, {sum(found.ignored.values())} features ignored); {moved} reports moved."
    )


@categories_app.command(name="sensitive")
@command
async def sensitive_category(code: Annotated[str, typer.Argument(help="The category's code.")]) -> None:
    """Make a category sensitive: from now on the public sees its reports' places only roughly, those of before as well."""
    async with _seeded(_settings()) as store:
        try:
            moved = await make_sensitive(store, await read_area_map(store), code)
        except UnknownCode as error:
            typer.echo(f"There is no category {code}.", err=True)
            raise typer.Exit(1) from error
    typer.echo(f"The category {code} is sensitive: {moved} report{'' if moved == 1 else 's'} moved for the public.")


@app.command()
@command
async def sources() -> None:
    """List the sources and how their connectors are doing."""
    async with _seeded(_settings()) as store:
        for row in await store.read(all_sources):
            typer.echo(f"{row.code:16} {row.state:9} {row.last_error or ''}".rstrip())


@app.command()
@command
async def suspicions(
    days: Annotated[float, typer.Option(min=0.01, help="How far back.")] = 7.0,
) -> None:
    """List what looked like abuse: reports and look-ups that came too many or too fast, the newest first."""
    async with _seeded(_settings()) as store:
        for row in await store.read(recent_suspicions, now_in_micros() - round(days * DAY)):
            typer.echo(f"{moment(row['at']):%Y-%m-%d %H:%M:%S} {row['kind']:24} {row['times']:5} {row['who'][:16]}")


@app.command()
@command
async def verify() -> None:
    """Check the event log: numbers without holes, and the hash chain over everything in it."""
    async with _seeded(_settings()) as store:
        head = await store.read(read_head)
        broken = await store.read(lambda conn: list(broken_links(conn)))
    if broken:
        shown = ", ".join(map(str, broken[:20]))
        typer.echo(f"The event log does not verify at {len(broken)} of {head.seq} entries: {shown}", err=True)
        raise typer.Exit(1)
    typer.echo(f"The event log verifies: {head.seq} entries.")


@asynccontextmanager
async def _seeded(settings: Settings) -> AsyncIterator[Store]:
    async with opened(open_store(settings.store_url)) as store:
        await store.write(Operation(seed, frozenset({"seed"})))
        yield store


def _settings() -> Settings:
    settings = load_settings()
    logging.basicConfig(
        level=settings.log_level.upper(), format="%(asctime)s %(levelname)s %(name)s: %(message)s", stream=sys.stderr
    )
    for noisy in ("httpx", "httpcore", "alembic", "uvicorn.error"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    return settings


if __name__ == "__main__":
    app()
