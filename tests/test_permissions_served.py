"""What everybody is told of everything: each field of each thing, for each role, over each way to ask, by the table of rules."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pytest

from resolvers.permissions import RULES, Trait
from tests.permission_asking import CARRIERS, Answer, all_fields, coordinates_of, kind_named, node
from tests.permission_judging import Judge
from tests.permission_world import Asker, PermissionWorld, make_world
from tests.running import RunningHub

pytestmark = pytest.mark.slow
OPERATION_LENGTH = 4_500
"""Characters of one question: within the limits on documents."""


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[RunningHub, PermissionWorld]]:
    folder: Path = tmp_path_factory.mktemp("permissions") / "data"
    folder.mkdir()
    world = make_world(folder)
    running = RunningHub(folder).start()
    yield running, world
    running.stop()


def questions(world: PermissionWorld) -> list[tuple[Sequence[str], str]]:
    """All of every thing, in operations of bounded length: the names of the things, and the text."""
    made: list[tuple[Sequence[str], str]] = []
    names: list[str] = []
    parts: list[str] = []
    for name, thing in world.things.items():
        part = f"t{len(names)}: {node(world, name, all_fields(kind_named(thing.type_name)))}"
        if names and sum(map(len, parts)) + len(part) > OPERATION_LENGTH:
            made.append((names, "{ " + " ".join(parts) + " }"))
            names, parts = [], []
            part = f"t0: {part.partition(': ')[2]}"
        names.append(name)
        parts.append(part)
    return [*made, (names, "{ " + " ".join(parts) + " }")]


@pytest.fixture(scope="module")
def truth(hub: tuple[RunningHub, PermissionWorld]) -> Mapping[str, Answer]:
    """What an admin is told, by question."""
    running, world = hub
    carrier = CARRIERS["http"](running, world.askers["admin"])
    told = {text: carrier.ask(text) for _, text in questions(world)}
    carrier.close()
    for text, answer in told.items():
        assert "errors" not in answer, (text, answer["errors"])
    return told


def test_everybody_is_told_what_the_table_says(
    hub: tuple[RunningHub, PermissionWorld], truth: Mapping[str, Answer]
) -> None:
    running, world = hub
    faults: list[str] = []
    let_in: Counter[str] = Counter()
    kept_out: Counter[str] = Counter()
    for who, asker in world.askers.items():
        for way, opening in CARRIERS.items():
            carrier = opening(running, asker)
            judge = Judge(world, asker)
            for names, text in questions(world):
                answer = carrier.ask(text)
                for index, name in enumerate(names):
                    judge.thing(name, f"t{index}", answer, truth[text])
            carrier.close()
            faults += [f"{who} over {way}: {fault}" for fault in judge.faults]
            let_in += judge.let_in
            kept_out += judge.kept_out
    assert not faults, f"{len(faults)} faults\n" + "\n".join(faults[:40])
    asked = coordinates_of(text for _, text in questions(world))
    for entry in sorted(asked):
        trait = RULES[entry].trait
        if trait is not None:
            assert kept_out[entry] or trait is Trait.NAMELESS, f"nobody was kept out from {entry}: it proves nothing"
            assert let_in[entry], f"nobody was let in to {entry}: it proves nothing"


def test_of_what_was_erased_all_are_told_only_that_it_is_gone(hub: tuple[RunningHub, PermissionWorld]) -> None:
    running, world = hub
    erasure, report_id = world.facts["erasure"], world.things["erased"].id
    question = f'{{ node(id: "{erasure}") {all_fields(kind_named("ReportEvent")).replace("{ ", "{ ... on ReportEvent { ", 1)} }} }}'
    for who, asker in world.askers.items():
        told = asking(running, asker, question)
        if who == "bare_key":
            assert told["errors"][0]["extensions"]["code"] == "FORBIDDEN"
            continue
        event = told["data"]["node"]
        kept = {
            "id": erasure,
            "reportId": report_id,
            "kind": "ERASED",
            "matches": False,
            "backfill": False,
            "byViewer": False,
        }
        assert {name: event.pop(name) for name in kept} == kept, who
        assert event.pop("at") and event.pop("cursor")
        assert set(event.values()) == {None}, (who, event)


def asking(running: RunningHub, asker: Asker, text: str) -> Answer:
    """One answer over HTTP."""
    carrier = CARRIERS["http"](running, asker)
    try:
        return carrier.ask(text)
    finally:
        carrier.close()
