"""What everybody is told of everything: each field of each thing, for each role, over each way to ask, by the table of rules."""

import itertools
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from resolvers.permissions import RULES, Trait
from schema.root import graphql_schema
from tests.permission_acts import TARGETS, faults_of, operation
from tests.permission_arguments import Case, cases, paged_fields
from tests.permission_asking import CARRIERS, Answer, all_fields, coordinates_of, kind_named, node
from tests.permission_judging import Judge, lacks_scope
from tests.permission_streams import READERS, EventsReader, SocketReader
from tests.permission_world import REPORTS, Asker, PermissionWorld, make_world
from tests.running import RunningHub

pytestmark = pytest.mark.slow(seconds=50)
UNHURRIED = {
    "SIMPUL_PING_SECONDS": "0.1",
    "SIMPUL_COST_BUCKET": "10000000",
    "SIMPUL_TRUSTED_COST_BUCKET": "10000000",
    "SIMPUL_OPERATION_SECONDS": "120",
}
"""So much is asked that allowances would run out; they have their own tests."""

OPERATION_LENGTH = 4_500
"""Characters of one question: within the limits on documents."""


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[RunningHub, PermissionWorld]]:
    folder: Path = tmp_path_factory.mktemp("permissions") / "data"
    folder.mkdir()
    world = make_world(folder)
    running = RunningHub(folder, UNHURRIED).start()
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


def test_every_argument_and_input_goes_by_the_table(hub: tuple[RunningHub, PermissionWorld]) -> None:
    running, world = hub
    faults: list[str] = []
    asked: set[str] = set()
    for who, asker in world.askers.items():
        cursors = _cursors(running, world, asker)
        every = list(cases(world, cursors.get))
        telling = [case for case in every if case.root or case.refusal(asker) is not None]
        for way, opening in CARRIERS.items():
            made = every if way == "http" else telling  # what is let in is the same code, whatever carries it
            texts = list(_in_operations([case.text for case in made]))
            if (who, way) == ("admin", "http"):  # who has a cursor of every list
                asked = coordinates_of(texts)
            carrier = opening(running, asker)
            answers = [carrier.ask(text) for text in texts]
            carrier.close()
            for number, case in enumerate(made):
                answer, alias = answers[number // PER_OPERATION], f"c{number % PER_OPERATION}"
                fault = _fault(world, asker, case, alias, answer)
                faults += [f"{who} over {way}: {case.text}: {fault}"] if fault else []
    assert not faults, f"{len(faults)} faults\n" + "\n".join(faults[:40])
    assert not (ASKED_HERE - asked), f"never asked: {sorted(ASKED_HERE - asked)}"


PER_OPERATION = 12
ASKED_HERE = {
    entry
    for entry in RULES
    if entry.startswith(("Query.", "ReportFilter.", "BoundingBoxInput.", "NearInput.", "CoordinatesInput."))
    or (entry.endswith(":)") and not entry.startswith(("Mutation.", "Subscription.")))
}


def _cursors(running: RunningHub, world: PermissionWorld, asker: Asker) -> dict[str, str]:
    """A cursor of each list that this asker may read and that is not empty."""
    paged = paged_fields(world)
    texts = list(_in_operations(list(paged.values())))
    answers = [asking(running, asker, text) for text in texts]
    found: dict[str, str] = {}
    for number, entry in enumerate(paged):
        told = (answers[number // PER_OPERATION].get("data") or {}).get(f"c{number % PER_OPERATION}")
        while isinstance(told, dict) and "endCursor" not in told:
            told = next(iter(told.values()), None)
        if told and told["endCursor"]:
            found[entry] = told["endCursor"]
    return found


def _in_operations(texts: Sequence[str]) -> Iterator[str]:
    for start in range(0, len(texts), PER_OPERATION):
        parts = texts[start : start + PER_OPERATION]
        yield "{ " + " ".join(f"c{n}: {part}" for n, part in enumerate(parts)) + " }"


def _fault(world: PermissionWorld, asker: Asker, case: Case, alias: str, answer: Answer) -> str | None:
    """What is wrong with an answer; None when it is as the table says."""
    errors = [error["extensions"] for error in answer.get("errors", ()) if error.get("path", [None])[0] == alias]
    if answer.get("data") is None:
        return f"not answered: {answer.get('errors')}"
    refusal = case.refusal(asker)
    if refusal is not None:
        code, scope = refusal
        told = {(error["code"], error.get("scope")) for error in errors}
        return None if told == {(code, scope)} else f"{code} was expected, not {errors}"
    if errors:
        return f"refused with {errors}"
    judge = Judge(world, asker)
    hidden = [each for each in _ids_in(answer["data"][alias]) if not judge.may_know(each, in_lists=case.lists)]
    return f"tells of {hidden}" if hidden else None


def _ids_in(told: Any) -> Iterator[str]:
    if isinstance(told, dict):
        if isinstance(told.get("id"), str):
            yield told["id"]
        for each in told.values():
            yield from _ids_in(each)
    elif isinstance(told, list):
        for each in told:
            yield from _ids_in(each)


def test_everybody_does_what_the_table_lets_them(hub: tuple[RunningHub, PermissionWorld]) -> None:
    running, world = hub
    numbers = itertools.count()
    faults: list[str] = []
    texts: list[str] = []
    before = asking(running, world.askers["admin"], STATES)
    for who, asker in world.askers.items():
        for way, opening in CARRIERS.items():
            carrier = opening(running, asker)
            for name in TARGETS if way == "http" else ("confidential", "nowhere"):
                texts.append(operation(world, name, lambda: f"{next(numbers):022}"))
                told = faults_of(world, asker, name, carrier.ask(texts[-1]))
                faults += [f"{who} over {way} to {name}: {fault}" for fault in told]
            carrier.close()
    assert not faults, f"{len(faults)} faults\n" + "\n".join(faults[:40])
    assert asking(running, world.askers["admin"], STATES)["data"] == before["data"], "somebody changed something"
    acted = {entry for entry in RULES if "Payload." in entry or entry.startswith("Mutation.") or "Input." in entry}
    assert not (acted - ASKED_HERE - coordinates_of(texts[: len(TARGETS)]))


STATES = "{ reports { nodes { id status confidential agencyRef photos { id } forwardings { id state } } } sources { code state } }"


def test_everybody_hears_what_the_table_lets_them(hub: tuple[RunningHub, PermissionWorld]) -> None:
    """Two comments are made while all listen: on a confidential report, and then on a public one, which all are told of."""
    running, world = hub
    with ExitStack() as open_streams:
        readers: dict[tuple[str, str], SocketReader | EventsReader] = {}
        for who, asker in world.askers.items():
            for way, opening in READERS.items():
                reader = open_streams.enter_context(opening(running, asker, EVENTS))
                if lacks_scope(asker, RULES["Subscription.reportEvents"]):
                    assert reader.refused is not None and reader.refused["extensions"]["code"] == "FORBIDDEN", (
                        who,
                        way,
                    )
                else:
                    assert reader.refused is None, (who, way, reader.refused)
                    readers[who, way] = reader
        made = [_comment(running, world, name) for name in ("confidential", "public")]
        told = {key: _until(reader, made[-1]) for key, reader in readers.items()}
    truth = {event["comment"]["id"]: event for event in told["admin", "socket"]}
    assert list(truth) == made
    faults: list[str] = []
    for (who, way), events in told.items():
        judge = Judge(world, world.askers[who])
        seen = judge.may_know(world.things["confidential"].id, in_lists=True)
        assert [event["comment"]["id"] for event in events] == made[0 if seen else 1 :], (who, way)
        for event in events:
            traits = COMMENTED | (REPORTS["confidential"] if event["comment"]["id"] == made[0] else frozenset())
            judge.entry("ReportEvent", event, truth[event["comment"]["id"]], traits)
        faults += [f"{who} over {way}: {fault}" for fault in judge.faults]
    assert not faults, "\n".join(faults[:40])


EVENTS = f"subscription {{ reportEvents(kinds: [COMMENTED]) {all_fields(kind_named('ReportEvent'))} }}"
COMMENTED = frozenset({Trait.INNER_NOTE, Trait.UNNAMED_ACTOR})


def _comment(running: RunningHub, world: PermissionWorld, name: str) -> str:
    given = f'reportId: "{world.things[name].id}", text: "Petugas di jalan"'
    answer = asking(
        running, world.askers["admin"], f"mutation {{ commentOnReport(input: {{{given}}}) {{ comment {{ id }} }} }}"
    )
    made: str = answer["data"]["commentOnReport"]["comment"]["id"]
    return made


def _until(reader: SocketReader | EventsReader, comment_id: str) -> list[dict[str, Any]]:
    """The events up to that of this comment."""
    events: list[dict[str, Any]] = []
    while not events or events[-1]["comment"]["id"] != comment_id:
        payload = reader.next()
        assert "errors" not in payload, payload
        events.append(payload["data"]["reportEvents"])
    return events


def test_everybody_opens_the_streams_that_the_table_lets_them(hub: tuple[RunningHub, PermissionWorld]) -> None:
    """Each subscription with each of its arguments. What is refused is refused at once, what is not is open."""
    running, world = hub
    schema = graphql_schema()
    assert schema.subscription_type is not None
    texts: list[str] = []
    for who, asker in world.askers.items():
        cursor = asking(running, asker, "{ logCursor }")["data"]["logCursor"]
        for text in _subscriptions(cursor):
            texts.append(text)
            entry = f"Subscription.{text.split()[2].partition('(')[0]}"
            for way, opening in READERS.items():
                with opening(running, asker, text) as reader:
                    refused = reader.refused and reader.refused["extensions"]
                    expected = (
                        {"code": "FORBIDDEN", "scope": "reports:read"} if lacks_scope(asker, RULES[entry]) else None
                    )
                    assert refused == expected, (who, way, text)
    streamed = {entry for entry in RULES if entry.startswith("Subscription.")}
    assert not (streamed - coordinates_of(texts))


def _subscriptions(cursor: str) -> list[str]:
    return [
        f'subscription {{ newReports(filter: {{open: true}}, includeBackfill: true, after: "{cursor}") {{ __typename }} }}',
        f'subscription {{ reportEvents(filter: {{open: true}}, kinds: [RATED], after: "{cursor}") {{ __typename }} }}',
        f'subscription {{ floodAreas(minimumState: SEVERE, area: "31", after: "{cursor}") {all_fields(kind_named("FloodAreaChange"))} }}',
        "subscription { sources { code } }",
    ]


def test_a_key_without_scopes_reads_the_schema_and_public_facts(hub: tuple[RunningHub, PermissionWorld]) -> None:
    running, world = hub
    question = (
        "{ __schema { queryType { name } } categories { code } areas(level: CITY) { name } sources { state } now }"
    )
    told = asking(running, world.askers["bare_key"], question)
    assert "errors" not in told and all(told["data"].values())


def test_all_that_the_schema_has_is_asked_here(hub: tuple[RunningHub, PermissionWorld]) -> None:
    """Whatever the table has stands in one of these questions, so that no rule goes untried."""
    _, world = hub
    asked = coordinates_of(text for _, text in questions(world))
    listened = coordinates_of([EVENTS, *_subscriptions("x")])
    acted = coordinates_of([operation(world, "public", lambda: "x" * 22)])
    queried = coordinates_of(_in_operations([case.text for case in cases(world, lambda _: "x")]))
    fields = {entry for entry in RULES if "." in entry and not entry.startswith("Node.")}
    assert not (fields - asked - listened - acted - queried)


def asking(running: RunningHub, asker: Asker, text: str) -> Answer:
    """One answer over HTTP."""
    carrier = CARRIERS["http"](running, asker)
    try:
        return carrier.ask(text)
    finally:
        carrier.close()
