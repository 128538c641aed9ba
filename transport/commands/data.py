"""Commands about the data: tables, facts, boundaries and categories."""

from pathlib import Path
from typing import Annotated

import typer

from domain.area_facts import parse_facts
from domain.area_import import BoundaryImportError, parse_boundaries
from storage.places.boundaries import import_boundaries
from storage.places.boundary_following import read_area_map
from storage.reports.filter.naming import UnknownCode
from storage.seeding import read_fact
from storage.sensitive_categories import make_sensitive
from storage.store import open_store, opened
from transport.commands.command import command, seeded, settings_in_force

app = typer.Typer()
areas_app = typer.Typer(no_args_is_help=True, help="Boundaries of areas.")
app.add_typer(areas_app, name="areas")
categories_app = typer.Typer(no_args_is_help=True, help="Kinds of reports.")
app.add_typer(categories_app, name="categories")


@app.command()
@command
async def migrate() -> None:
    """Bring the store's tables up to date and leave."""
    async with opened(open_store(settings_in_force().store_url)):
        typer.echo("The tables are up to date.")


@app.command(name="seed")
@command
async def seed_facts() -> None:
    """Add the facts that ship with the hub (areas, categories, agencies) where they are missing."""
    async with seeded(settings_in_force(), begins=True):
        typer.echo("The facts are there.")


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
        wrong = "\n".join(["", *str(error).splitlines()]) if len(error.faults) > 1 else f" {error}"
        typer.echo(f"Nothing was imported:{wrong}", err=True)
        raise typer.Exit(1) from error
    async with seeded(settings_in_force()) as store:
        moved = await import_boundaries(store, found)
    typer.echo(
        f"Boundaries of {len(found.covered)} of {len(found.covered) + len(found.missing)} kelurahan imported"
        f" ({len(found.mended)} mended, {sum(found.ignored.values())} features ignored); {moved} reports moved."
    )


@categories_app.command(name="sensitive")
@command
async def sensitive_category(code: Annotated[str, typer.Argument(help="The category's code.")]) -> None:
    """Make a category sensitive: from now on the public sees its reports' places only roughly, those of before as well."""
    async with seeded(settings_in_force()) as store:
        try:
            moved = await make_sensitive(store, await read_area_map(store), code)
        except UnknownCode as error:
            typer.echo(f"There is no category {code}.", err=True)
            raise typer.Exit(1) from error
    typer.echo(f"The category {code} is sensitive: {moved} report{'' if moved == 1 else 's'} moved for the public.")
