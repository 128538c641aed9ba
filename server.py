"""The hub's commands: `python server.py COMMAND`; `--help` lists them. What they do is put together in wiring/."""

import gc

if __name__ == "__main__":
    gc.disable()  # what is imported stays: looking through it meanwhile is a fifth of the start. Each command enables it

import asyncio
import signal
from typing import Annotated

import typer

from transport.commands import access, data, looking
from transport.commands.command import Hub, command, run_on_uvloop, settings_in_force, told_in_a_line
from transport.settings.configuration import MOST_WORKERS, WrongSetting

WHAT = "Simpul joins Jakarta's citizen reports, Peta Jakarta's floods and LAPOR's tickets in one GraphQL schema."

app = typer.Typer(cls=Hub, no_args_is_help=True, add_completion=False, help=WHAT, pretty_exceptions_enable=False)
for commands in (data.app, access.app, looking.app):
    app.add_typer(commands)


@app.command()
def serve(
    demo: Annotated[bool, typer.Option("--demo", help="Run the demonstration city and use it as the sources.")] = False,
    demo_speed: Annotated[float, typer.Option(help="How much faster than life the city plays.")] = 10.0,
    workers: Annotated[
        int | None, typer.Option(help="How many processes serve (SIMPUL_WORKERS).", min=1, max=MOST_WORKERS)
    ] = None,
    tokens: Annotated[bool, typer.Option("--tokens", help="Print a token for each role; --demo does so too.")] = False,
) -> None:
    """Serve the hub: GraphQL, pages, photos, connectors and the worker, in one process or in several."""
    with told_in_a_line():
        settings = settings_in_force()
        if workers is not None:
            settings = settings.model_copy(update={"workers": workers})
        speed = demo_speed if demo else None
        if settings.workers == 1:
            from wiring.serving import serve_alone

            run_on_uvloop(serve_alone(settings, typer.echo, demo_speed=speed, tokens=tokens or demo))
        else:
            from wiring.together import serve_together

            raise typer.Exit(serve_together(settings, typer.echo, demo_speed=speed, tokens=tokens or demo))


@app.command()
@command
async def worker() -> None:
    """Run the connectors and the worker alone, beside processes that serve from PostgreSQL."""
    from wiring.parts import parts_of
    from wiring.working import at_work

    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    settings = settings_in_force()
    if settings.embedded_file is not None:
        raise WrongSetting(
            "On SQLite `serve` does what `worker` does. `worker` is for a PostgreSQL store: set SIMPUL_DATABASE_URL."
        )
    async with parts_of(settings, settings.address()) as (parts, _, crossing), at_work(parts, settings, crossing):
        typer.echo("The worker is at work.")
        await stop.wait()


if __name__ == "__main__":
    app()
