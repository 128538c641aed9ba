"""What every command shares: the settings in force, an open store, and faults told in one line."""

import asyncio
import logging
import sys
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from functools import wraps
from typing import Any, ParamSpec

import typer
import uvloop

from storage.errors import StoreUnavailable
from storage.photos.store import PhotoStoreUnavailable
from storage.seeding import seed
from storage.store import Store, open_store, opened
from storage.transaction import Operation
from transport.configuration import Settings, WrongSetting
from transport.listening import CannotListen
from transport.loading_settings import load_settings

P = ParamSpec("P")


def command(function: Callable[P, Coroutine[Any, Any, None]]) -> Callable[P, None]:
    """Runs a coroutine as a command; what the operator can mend is one line, not a traceback.

    On uvloop: a request then costs a quarter less of what it takes to be read and answered.
    """

    @wraps(function)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
                runner.run(function(*args, **kwargs))
        except (WrongSetting, StoreUnavailable, PhotoStoreUnavailable, CannotListen) as error:
            typer.echo(str(error), err=True)
            raise typer.Exit(1) from error
        except KeyboardInterrupt:
            raise typer.Exit(0) from None

    return run


@asynccontextmanager
async def seeded(settings: Settings) -> AsyncIterator[Store]:
    """The store of these settings, brought up to date, with the facts that ship with the hub."""
    async with opened(open_store(settings.store_url)) as store:
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
