"""Commands that look at how things are: sources, suspicions, the log's proof."""

from typing import Annotated

import typer

from domain.time import DAY, moment
from storage.access.suspicions import recent_suspicions
from storage.clock import now_in_micros
from storage.events.appending import broken_links, read_head
from storage.sources.reading import all_sources
from transport.commands.command import command, seeded, settings_in_force

app = typer.Typer()


@app.command()
@command
async def sources() -> None:
    """List the sources and how their connectors are doing."""
    async with seeded(settings_in_force()) as store:
        for row in await store.read(all_sources):
            typer.echo(f"{row.code:16} {row.state:9} {row.last_error or ''}".rstrip())


@app.command()
@command
async def suspicions(
    days: Annotated[float, typer.Option(min=0.01, help="How far back.")] = 7.0,
) -> None:
    """List what looked like abuse: reports and look-ups that came too many or too fast, the newest first."""
    async with seeded(settings_in_force()) as store:
        rows = await store.read(recent_suspicions, now_in_micros() - round(days * DAY))
        for row in rows:
            typer.echo(f"{moment(row['at']):%Y-%m-%d %H:%M:%S} {row['kind']:24} {row['times']:5} {row['who'][:16]}")
    if not rows:
        typer.echo(f"Nothing looked like abuse within {days:g} days.", err=True)


@app.command()
@command
async def verify() -> None:
    """Check the event log: numbers without holes, and the hash chain over everything in it."""
    async with seeded(settings_in_force()) as store:
        head = await store.read(read_head)
        broken = await store.read(lambda conn: list(broken_links(conn)))
    if broken:
        shown = ", ".join(map(str, broken[:20]))
        typer.echo(f"The event log does not verify at {len(broken)} of {head.seq} entries: {shown}", err=True)
        raise typer.Exit(1)
    typer.echo(f"The event log verifies: {head.seq} entries.")
