"""What a viewer may not know looks the same as what does not exist: the same code, words and shape, and the same statements.

Two hubs' worth of questions are asked of one hub: once with the name of something hidden, once with a name of the same kind
that names nothing. Ids are sealed, so a name that names nothing is made with the hub's own key.
"""

import re
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from domain.areas import AreaMap
from domain.sealing import Kind
from domain.vocabulary import EventKind, ReportVisibility
from storage import tables
from storage.store import Store
from storage.writing.transaction import Operation
from tests.permission_acts import INPUTS, Target
from tests.permission_asking import all_fields, kind_named
from tests.permission_world import PermissionWorld, described
from tests.schema_world import SchemaWorld, schema_world
from tests.test_statements_counted import statements_of

pytestmark = pytest.mark.slow

UNKNOWING = ("nobody", "citizen", "stranger", "outsider")
"""Who may not know of the confidential report."""

NO_ROW = 987_654
KINDS = {
    "confidential": Kind.REPORT,
    "confidential comment": Kind.COMMENT,
    "confidential photo": Kind.PHOTO,
    "confidential ticket": Kind.LAPOR_TICKET,
    "confidential forwarding": Kind.FORWARDING,
    "held ticket": Kind.LAPOR_TICKET,
    "public hidden comment": Kind.COMMENT,
    "public hidden photo": Kind.PHOTO,
    "public forwarding": Kind.FORWARDING,
    "moved ticket": Kind.LAPOR_TICKET,
    "set aside": Kind.SET_ASIDE,
}
"""Things that somebody is kept out from, by their names in the world."""

BY_REPORT_ID = (
    'report(id: "{}") {{ id }}',
    'reports(filter: {{ids: ["{}"]}}) {{ totalCount nodes {{ id }} pageInfo {{ hasNextPage endCursor }} }}',
    'statistics(filter: {{ids: ["{}"]}}) {{ total open buckets(by: STATUS) {{ key total }} }}',
    'hexBins(filter: {{ids: ["{}"]}}, within: {{west: 106, south: -7, east: 107, north: -6}}, resolution: 8) {{ cell }}',
    'events(filter: {{ids: ["{}"]}}) {{ nodes {{ id }} }}',
)


@dataclass
class Hub:
    """A described hub, asked in this process."""

    there: SchemaWorld
    world: PermissionWorld
    store: Store
    asked: int = field(default=0)

    async def ask(self, question: str, who: str) -> tuple[dict[str, Any], Counter[str]]:
        """The answer, and every statement that it took."""
        viewer = replace(self.world.askers[who].viewer, client=f"{self.asked:064}")
        self.asked += 1
        with statements_of(self.store) as sent:
            answer = await self.there.ask(question, viewer=viewer)
        return answer, Counter(_NUMBERED.sub("savepoint", text) for texts in sent.values() for text in texts)

    async def same(self, hidden: str, absent: str, who: str) -> dict[str, Any]:
        """Asks both and holds them against each other; gives the answer."""
        told, of_hidden = await self.ask(hidden, who)
        also, of_absent = await self.ask(absent, who)
        assert _without_positions(told) == _without_positions(also), (who, hidden)
        assert of_hidden == of_absent, (who, hidden, of_hidden - of_absent, of_absent - of_hidden)
        return told

    def absent(self, kind: Kind) -> str:
        """The id of something that there is not."""
        return self.there.hub.id(NO_ROW, kind)


_NUMBERED = re.compile(r"sa_savepoint_\d+")
"""Savepoints are counted by connection, and connections are used again."""


def _without_positions(answer: Mapping[str, Any]) -> str:
    """Sealed cursors are others each time; where they stand is told by their length alone."""
    return re.sub(r"'endCursor': '[^']*'", lambda found: f"endCursor of {len(found.group())}", str(answer))


@pytest.fixture
async def hub(store: Store, area_map: AreaMap, tmp_path: Path) -> AsyncIterator[Hub]:
    async with _opened(store, area_map, tmp_path) as made:
        yield made


@asynccontextmanager
async def _opened(store: Store, area_map: AreaMap, folder: Path) -> AsyncIterator[Hub]:
    async with schema_world(store, area_map, folder) as there:
        made = Hub(there, await described(store, area_map, there), store)
        await store._stop_polling()  # whose statements would be counted
        await store.reference.filled()
        yield made


async def test_by_whatever_name_it_is_asked(hub: Hub) -> None:
    world, facts = hub.world, hub.world.facts
    nothing = hub.absent(Kind.REPORT)
    for who in UNKNOWING:
        for question in BY_REPORT_ID:
            hidden = question.format(world.things["confidential"].id)
            told = await hub.same(f"{{ {hidden} }}", f"{{ {question.format(nothing)} }}", who)
            assert "errors" not in told and world.things["confidential"].id not in str(told)
        for question, name, other in (
            ('{{ report(code: "{}") {{ id }} }}', facts["code of confidential"], "ZZZZ-ZZZZ"),
            ('{{ reportBySourceRef(source: "qlue", sourceRef: "{}") {{ id }} }}', "ref-confidential", "ref-of-nothing"),
            ('{{ laporTicket(trackingId: "{}") {{ id }} }}', "T-confidential", "T-of-nothing"),
            ('{{ laporTicket(trackingId: "{}") {{ id }} }}', "held ticket", "T-of-nothing"),
        ):
            told = await hub.same(question.format(name), question.format(other), who)
            assert list(told["data"].values()) == [None]
    await _as_nodes(hub)


async def _as_nodes(hub: Hub) -> None:
    """By the id of whatever kind: what hangs on a hidden report, and what is hidden on one that is seen."""
    events = {name: Kind.REPORT_EVENT for name in hub.world.things if name.startswith("confidential event")}
    for who in UNKNOWING:
        for name, kind in (KINDS | events).items():
            staff = hub.world.askers[who].viewer.role == "RESPONDER"
            if staff and name.startswith(("public hidden", "public forwarding", "moved")):
                continue
            hidden, absent = hub.world.things[name].id, hub.absent(kind)
            for question in ('{{ node(id: "{}") {{ id }} }}', '{{ nodes(ids: ["{}"]) {{ id }} }}'):
                told = await hub.same(question.format(hidden), question.format(absent), who)
                assert list(told["data"].values()) in ([None], [[None]]), (who, name)


async def test_in_every_mutation(hub: Hub) -> None:
    hidden = Target(hub.world.things["confidential"].id, hub.world.things["confidential forwarding"].id)
    absent = Target(hub.absent(Kind.REPORT), hub.absent(Kind.FORWARDING))
    numbers = iter(range(100_000))
    for act, given in INPUTS.items():
        if given(hidden) == given(absent):
            continue
        shown = all_fields(kind_named(act[0].upper() + act[1:] + "Payload"))
        for who in UNKNOWING:
            for more in ("", "idempotencyKey", "followToken"):
                question = [
                    f"mutation {{ {act}(input: {{{_given(given(on), more, next(numbers))}}}) {shown} }}"
                    for on in (hidden, absent)
                ]
                if question[0] == question[1] or (more == "followToken" and "followToken" not in given(hidden)):
                    continue
                told = await hub.same(question[0], question[1], who)
                (payload,) = told["data"].values()
                path = "forwardingId" if act == "settleForwarding" else "reportId"
                faults = [(each["code"], each["path"]) for each in payload["userErrors"]]
                owes_key = who == "nobody" and not more and act in ("supportReport", "unsupportReport")
                expected = ("REQUIRED", ["idempotencyKey"]) if owes_key else ("NOT_FOUND", [path])
                assert faults == [expected], (who, act, more)
                assert payload.get("report") is None and payload.get("forwarding") is None


def _given(input_fields: str, more: str, number: int) -> str:
    """The input with a key of its own, or with a follow token that is another report's."""
    if more == "idempotencyKey":
        return f'{input_fields}, idempotencyKey: "{number:022}"'
    if more == "followToken":
        return input_fields.replace("followToken: null", 'followToken: "of-another-report-aaaaaaaaaaaa"')
    return input_fields


async def test_where_something_seen_leads_to_it(hub: Hub) -> None:
    """What a public report was merged into, and the other report of an event: hidden, erased, or none at all."""
    world = hub.world
    rows = {row["code"]: row["id"] for row in await hub.there.hub.rows(tables.reports)}
    public = rows[world.facts["code of public"]]
    asked = "duplicateOf { id } timeline(first: 50) { nodes { otherReport { id } } }"
    question = f'{{ report(id: "{world.things["public"].id}") {{ {asked} }} }}'
    seen: dict[str, list[Any]] = {who: [] for who in UNKNOWING}
    for name in ("confidential", "erased"):
        other = rows[world.facts[f"code of {name}"]]
        await _lead(hub.store, public, other)
        for who in UNKNOWING:
            seen[who].append(await hub.ask(question, who))
    for who, (hidden, erased) in seen.items():
        assert _without_positions(hidden[0]) == _without_positions(erased[0]) and hidden[1] == erased[1], who
        report = hidden[0]["data"]["report"]
        assert report["duplicateOf"] is None and not any(each["otherReport"] for each in report["timeline"]["nodes"])
    await _lead(hub.store, public, None)
    for who in UNKNOWING:
        assert (await hub.ask(question, who))[0]["data"]["report"]["duplicateOf"] is None


async def _lead(store: Store, report_id: int, other: int | None) -> None:
    """Makes a report, and an event of it, point to another one. The hub itself only merges what is seen alike."""

    def apply(tx: Any) -> None:
        reports, events = tables.reports, tables.events
        tx.conn.execute(update(reports).where(reports.c.id == report_id).values(duplicate_of_id=other))
        told = (events.c.report_id == report_id) & (events.c.kind == EventKind.UPDATED)
        tx.conn.execute(update(events).where(told).values(other_report_id=other))

    await store.write(Operation(apply))


async def test_a_cursor_on_what_was_hidden_since_works_like_one_on_what_is_gone(hub: Hub) -> None:
    """A page after a report that has left the viewer's sight is the page after one that was erased."""
    page = "{{ reports(first: 2{}) {{ nodes {{ id }} edges {{ cursor node {{ id }} }} pageInfo {{ hasNextPage endCursor }} }} }}"
    first, _ = await hub.ask(page.format(""), "nobody")
    edge = first["data"]["reports"]["edges"][0]
    rows = {hub.there.hub.id(row["id"]): row["id"] for row in await hub.there.hub.rows(tables.reports)}
    told = []
    for visibility in (ReportVisibility.CONFIDENTIAL, ReportVisibility.ERASED):
        await _see(hub.store, rows[edge["node"]["id"]], visibility)
        answer, statements = await hub.ask(page.format(f', after: "{edge["cursor"]}"'), "nobody")
        told.append(([each["id"] for each in answer["data"]["reports"]["nodes"]], statements))
    assert told[0] == told[1]
    assert told[0][0][0] == first["data"]["reports"]["nodes"][1]["id"]


async def _see(store: Store, report_id: int, visibility: ReportVisibility) -> None:
    def apply(tx: Any) -> None:
        reports = tables.reports
        tx.conn.execute(update(reports).where(reports.c.id == report_id).values(visibility=visibility))

    await store.write(Operation(apply))
