"""Commands about who gets in: tokens, API keys, and their end."""

import re
from datetime import datetime
from functools import partial
from typing import Annotated

import typer

from domain.time import DAY, moment
from domain.vocabulary import Locale, Role, Scope
from resolvers.inputs import RevokeAccess
from resolvers.revoking import entry_of, wrong_with
from storage.access.api_keys import NewApiKey, all_api_keys, creation
from storage.access.persons import agency_id_of
from storage.access.revocations import revoke
from storage.access.secrets import ROTATED, load_secrets, rotate_secret
from storage.clock import now_in_micros
from storage.store import Store
from storage.writing.transaction import Operation
from transport.commands.command import command, seeded, settings_in_force
from transport.identity.local_tokens import issue
from transport.settings.configuration import WrongSetting

app = typer.Typer()
keys_app = typer.Typer(no_args_is_help=True, help="Partners' API keys, and the hub's own keys.")
app.add_typer(keys_app, name="keys")
_AS_IN = "such as 2026-01-31T18:00:00+07:00"
"""How a moment is written: with its offset."""


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
    settings = settings_in_force()
    if settings.oidc_issuer:
        raise WrongSetting(f"Tokens come from {settings.oidc_issuer} (SIMPUL_OIDC_ISSUER): the local key signs none.")
    if agency is None and role in (Role.RESPONDER, Role.PARTNER):
        raise typer.BadParameter(f"a {role.lower()} has an agency: name it with --agency")
    if agency is not None and role is Role.CITIZEN:
        raise typer.BadParameter("a citizen has no agency: leave --agency out")
    async with seeded(settings) as store:
        await _agency_id(store, agency)
        secrets = await store.read(load_secrets)
    typer.echo(issue(secrets.tokens, role=role, subject=subject, agency=agency, name=name, seconds=int(hours * 3600)))


@app.command(name="revoke")
@command
async def revoke_access(
    subject: Annotated[str | None, typer.Option(help="Whose tokens: their `sub`.")] = None,
    token: Annotated[str | None, typer.Option(help="One token, by its `jti`; or one API key, by its id.")] = None,
    agency: Annotated[str | None, typer.Option(help="The code of an agency: its people's tokens and its keys.")] = None,
    issued_before: Annotated[
        str | None,
        typer.Option(metavar="MOMENT", help=f"Only what was issued before it, {_AS_IN}; with none of these: all."),
    ] = None,
) -> None:
    """End tokens and API keys that were given out, in all processes that serve, within five seconds."""
    before = None if issued_before is None else _moment_told(issued_before)
    given = RevokeAccess(subject=subject, token_id=token, agency=agency, issued_before=before)
    now = now_in_micros()
    for fault in wrong_with(given, now):
        words = fault.message[Locale.EN].replace("tokenId", "--token").replace("issuedBefore", "--issued-before")
        raise typer.BadParameter(words)
    async with seeded(settings_in_force()) as store:
        entry = entry_of(given, await _agency_id(store, agency), now)
        keys = {row.public_id for row in await store.read(all_api_keys)}
        ended = await store.write(Operation(partial(revoke, entry=entry)))
    if entry.token_id is not None and entry.token_id not in keys:
        typer.echo("No API key has this id. A token that has it as its jti holds no more.")
        return
    until = (
        "" if entry.issued_before is None else f" What was issued before {_shown(entry.issued_before)} holds no more."
    )
    typer.echo(f"Revoked.{until} API keys ended: {ended}.")


def _moment_told(text: str) -> datetime:
    try:
        return datetime.strptime(text, "%Y-%m-%dT%H:%M:%S%z")
    except ValueError as error:
        raise typer.BadParameter(f"--issued-before must be a moment with its offset, {_AS_IN}") from error


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
    async with seeded(settings_in_force()) as store:
        agency_id, code = await _partner(store, agency, partner)
        asked = NewApiKey(name, code, agency_id, frozenset(scope), now_in_micros() + days * DAY)
        key = await store.write(creation(asked))
    typer.echo(key)
    typer.echo("It is shown this once. It goes into the header Simpul-Api-Key.", err=True)


async def _partner(store: Store, agency: str | None, partner: str | None) -> tuple[int | None, str]:
    """The agency's row, and the code that the partner's reports come under."""
    if agency is not None and partner is not None:
        raise typer.BadParameter("give --agency or --partner, not both")
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
    async with seeded(settings_in_force()) as store:
        rows = await store.read(all_api_keys)
        for row in rows:
            state = "revoked" if row.revoked_at else "holds" if row.holds(now_in_micros()) else "expired"
            used = "never" if row.used_at is None else f"{moment(row.used_at):%Y-%m-%d}"
            told = f"{row.public_id} {row.partner:16} {state:8} {moment(row.expires_at):%Y-%m-%d} {used:10}"
            typer.echo(f"{told} {','.join(sorted(row.scopes))} {row.name}")
    if not rows:
        typer.echo("There are no API keys.", err=True)


@keys_app.command(name="revoke")
@command
async def revoke_key(key: Annotated[str, typer.Argument(help="Its id, or the whole key.")]) -> None:
    """End an API key for good, in all processes that serve, within five seconds."""
    entry = entry_of(RevokeAccess(token_id=key), None, now_in_micros())
    async with seeded(settings_in_force()) as store:
        if entry.token_id not in {row.public_id for row in await store.read(all_api_keys)}:
            raise typer.BadParameter("there is no such API key")
        ended = await store.write(Operation(partial(revoke, entry=entry)))
    typer.echo("Revoked." if ended else "It was revoked already.")


@keys_app.command(name="rotate")
@command
async def rotate_key(
    purpose: Annotated[str, typer.Argument(metavar="|".join(ROTATED), help="What the key is for.")],
) -> None:
    """Draw a new key of the hub's own. One of tokens ends all local tokens within seconds; one of cursors is used from the
    next start on."""
    if purpose not in ROTATED:
        raise typer.BadParameter(f"only these can be rotated: {', '.join(ROTATED)}")
    async with seeded(settings_in_force()) as store:
        await store.write(Operation(partial(rotate_secret, purpose=purpose)))
    used = (
        "All local tokens of before are refused within seconds." if purpose == "tokens" else "The next start uses it."
    )
    typer.echo(f"There is a new key. {used}")
