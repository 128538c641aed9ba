"""What every command shares: the settings in force, an open store, and faults told in one line."""

import asyncio
import gc
import logging
import sys
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager
from functools import wraps
from typing import Any, ParamSpec

import typer
import uvloop
from typer.core import TyperGroup

from storage.errors import StoreUnavailable
from storage.photos.store import PhotoStoreUnavailable
from storage.seeding import seed
from storage.store import Store, open_store, opened
from storage.writing.transaction import Operation
from transport.server.ports import CannotListen
from transport.settings.configuration import Settings, WrongSetting
from transport.settings.loading import load_settings

P = ParamSpec("P")


class Hub(TyperGroup):
    """All commands. What is wrong with an option is told without the word that pydantic begins it with."""

    def invoke(self, ctx: Any) -> Any:
        """See TyperGroup."""
        try:
            return super().invoke(ctx)
        except typer.BadParameter as error:
            error.message = error.message.removeprefix("Value error, ")
            raise


def command(function: Callable[P, Coroutine[Any, Any, None]]) -> Callable[P, None]:
    """Runs a coroutine as a command, which may be at work for weeks: dead rings are collected, as they were not while what
    it needs was imported (server.py)."""

    @wraps(function)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        gc.enable()
        with told_in_a_line():
            run_on_uvloop(function(*args, **kwargs))

    return run


@contextmanager
def told_in_a_line() -> Iterator[None]:
    """What the operator can mend is one line, not a traceback. Raises typer.Exit."""
    try:
        yield
    except (WrongSetting, StoreUnavailable, PhotoStoreUnavailable, CannotListen) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from error
    except KeyboardInterrupt:
        raise typer.Exit(0) from None


def run_told(work: Coroutine[Any, Any, None]) -> int:
    """Runs a coroutine as a process's whole work; gives the code to exit with."""
    try:
        with told_in_a_line():
            run_on_uvloop(work)
    except typer.Exit as ended:
        return ended.exit_code
    return 0


def run_on_uvloop(work: Coroutine[Any, Any, None]) -> None:
    """A request costs a quarter less there of what it takes to be read and answered."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(work)


@asynccontextmanager
async def seeded(settings: Settings, *, begins: bool = False) -> AsyncIterator[Store]:
    """The store of these settings, brought up to date, with the facts that ship with the hub. `begins`: a new one too.

    Raises WrongSetting where there is none: an empty one of a folder that was mistyped would answer that all is well.
    """
    file = settings.embedded_file
    if file is not None and not begins and not file.exists():
        name = "SIMPUL_DATABASE_URL" if settings.database_url else "SIMPUL_DATA_DIR"
        where = file.absolute().parent
        raise WrongSetting(f"There is no hub's data in {where}: mend {name}, or begin with `server.py migrate`.")
    async with opened(open_store(settings.store_url, begins=begins)) as store:
        await store.write(Operation(seed, frozenset({"seed"})))
        yield store


def settings_in_force() -> Settings:
    """The settings, with the log set up as they say. Raises WrongSetting."""
    settings = load_settings()
    logging.basicConfig(
        level=settings.log_level.upper(), format="%(asctime)s %(levelname)s %(name)s: %(message)s", stream=sys.stderr
    )
    for noisy in ("httpx", "httpcore", "alembic", "uvicorn.error"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    return settings
