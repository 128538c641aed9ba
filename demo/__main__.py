"""`python -m demo`: all four servers of one made-up city, for as long as they are wanted."""

import argparse
import asyncio
import json
import os
import signal
import sys
import threading
from collections.abc import Sequence
from contextlib import AsyncExitStack, suppress
from datetime import UTC, datetime, timedelta

from demo import lapor, peta_jakarta_v2, peta_jakarta_v3, qlue
from demo.city import City
from demo.serving import serve

_HEAD_START = timedelta(minutes=10)


def _arguments(given: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m demo", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port-base", type=int, default=8100, help="first of four ports in a row; 0 takes free ones")
    parser.add_argument("--speed", type=float, default=10.0, help="how many times faster than life (0.1 to 1000)")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--start", type=datetime.fromisoformat, help="when the first evening begins, with a time zone")
    parser.add_argument("--cache", action="store_true", help="switch Peta Jakarta's own cache on")
    parser.add_argument("--until-stdin-closes", action="store_true", help="stop when the parent is gone")
    arguments = parser.parse_args(given)
    if not 0.1 <= arguments.speed <= 1000:
        parser.error("--speed must be between 0.1 and 1000")
    if arguments.start is not None and arguments.start.tzinfo is None:
        parser.error("--start needs a time zone, as in 2026-01-31T17:00:00+07:00")
    return arguments


def city_of(arguments: argparse.Namespace) -> City:
    """The city: by default ten minutes of its story are over already, so that there is something to see at once.

    Given the same seed, speed and start again, it goes on where it would be: nothing comes twice after a restart.
    """
    start = arguments.start or datetime.now(UTC) - _HEAD_START / arguments.speed
    return City(arguments.seed, start, pace=arguments.speed)


async def run(arguments: argparse.Namespace) -> None:
    """Serve until a signal or the end of standard input; tell the addresses in one line of JSON when ready."""
    city = city_of(arguments)
    apps = {
        "peta_jakarta_v3": peta_jakarta_v3.app(city, cache=arguments.cache),
        "peta_jakarta_v2": peta_jakarta_v2.app(city),
        "qlue": qlue.app(city),
        "lapor": lapor.app(city),
    }
    stop = asyncio.Event()
    _stop_on_signals(stop)
    async with AsyncExitStack() as stack:
        told: dict[str, object] = {}
        for offset, (name, app) in enumerate(apps.items()):
            port = arguments.port_base + offset if arguments.port_base else 0
            told[name] = await stack.enter_async_context(serve(app, arguments.host, port))
        told |= {"lapor_token": lapor.TOKEN, "lapor_keytoken": lapor.KEYTOKEN}
        told |= {"qlue_categories": qlue.WORDS, "start": city.start.isoformat()}
        print(json.dumps(told), flush=True)
        if arguments.until_stdin_closes:
            _stop_at_end_of_input(stop)
        await stop.wait()


def _stop_on_signals(stop: asyncio.Event) -> None:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)


def _stop_at_end_of_input(stop: asyncio.Event) -> None:
    """Read standard input to its end in a thread: unlike the loop's readers that works for every kind of file."""
    loop = asyncio.get_running_loop()

    def read() -> None:
        while os.read(0, 4096):
            pass
        with suppress(RuntimeError):  # The loop is closed already: stopped by a signal meanwhile.
            loop.call_soon_threadsafe(stop.set)

    threading.Thread(target=read, daemon=True).start()


def main(given: Sequence[str] | None = None) -> int:
    """Run the command; the exit status says whether the ports could be had."""
    arguments = _arguments(given)
    try:
        asyncio.run(run(arguments))
    except OSError as error:
        print(f"demo: cannot listen on {arguments.host}, ports from {arguments.port_base}: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
