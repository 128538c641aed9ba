"""Two hubs that live through the same story but for a secret, and questions that are put to both."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import pytest

from domain.areas import AreaMap
from domain.time import micros
from storage.store import open_store, opened
from tests import postgres
from tests.conftest import seeded_postgres
from tests.ingesting import NOW
from tests.privacy_world import Clock, Watched, first_difference, ticking, watched

S = TypeVar("S")


@dataclass(repr=False)
class Twins:
    """The worlds, each with where its log stood for each watcher before anything happened."""

    runner: asyncio.Runner
    clock: Clock
    worlds: list[Watched] = field(default_factory=list)
    starts: list[dict[str, str]] = field(default_factory=list)

    def begin(self, stack: ExitStack, url: str, areas: AreaMap, folder: Path) -> Watched:
        """A new world, that lasts as long as the stack, and begins at the same moment as the other."""
        self.clock.now = micros(NOW)
        store = opened(open_store(url))
        world = watched(self.runner.run(store.__aenter__()), areas, folder, self.clock)
        stack.callback(lambda: self.runner.run(store.__aexit__(None, None, None)))
        self.worlds.append(self.runner.run(world.__aenter__()))
        stack.callback(lambda: self.runner.run(world.__aexit__(None, None, None)))
        return self.worlds[-1]

    def ask(self, question: str, who: str, variables: Any = None) -> list[Any]:
        """Asks both (a list: each in its own words); fails where a watcher could tell them apart."""
        told = variables if isinstance(variables, list) else [variables] * 2
        answers = [
            self.runner.run(world.note(who, question, each)) for world, each in zip(self.worlds, told, strict=True)
        ]
        one, other = (world.transcript[who][-1] for world in self.worlds)
        assert one == other, f"{who} tells them apart: {first_difference([one], [other])} by {question} {told}"
        return answers

    def compare(self, question: str, who: str, variables: Any = None) -> Any:
        """The same; gives the data of the first world's answer, of which there must be some."""
        answer = self.ask(question, who, variables)[0]
        assert answer.get("data") is not None, answer
        return answer["data"]


def url_of(engine: str, seeded: Path, folder: Path) -> str:
    """The address of a new, seeded database."""
    if engine == "postgresql":
        return postgres.copy_database(seeded_postgres())
    path = folder / "simpul.db"
    path.write_bytes(seeded.read_bytes())
    return f"sqlite:///{path}"


@contextmanager
def living_twins(
    engine: str,
    secrets: Sequence[S],
    live: Callable[[Watched, S], Awaitable[dict[str, str]]],
    seeded: Path,
    areas: AreaMap,
    folders: pytest.TempPathFactory,
) -> Iterator[Twins]:
    """Two hubs after the same story, each lived through with a secret of its own; `live` gives where the log stood before."""
    with ExitStack() as stack:
        clock = stack.enter_context(ticking())
        found = Twins(stack.enter_context(asyncio.Runner()), clock)
        for secret in secrets:
            folder = folders.mktemp("twin")
            world = found.begin(stack, url_of(engine, seeded, folder), areas, folder)
            found.starts.append(found.runner.run(_lived(live, world, secret)))
        yield found


async def _lived(live: Callable[[Watched, S], Awaitable[dict[str, str]]], world: Watched, secret: S) -> dict[str, str]:
    return await live(world, secret)
