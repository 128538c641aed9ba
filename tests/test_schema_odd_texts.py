"""Texts that no store can be asked for (PostgreSQL knows no NUL): what they name does not exist; nothing breaks."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from domain.areas import AreaMap
from storage.store import Store
from tests.schema_world import SchemaWorld, schema_world

NUL = "ja\0karta"


@pytest.fixture
async def world(store: Store, area_map: AreaMap, tmp_path: Path) -> AsyncIterator[SchemaWorld]:
    async with schema_world(store, area_map, tmp_path) as made:
        yield made


NAMING_NOTHING = {
    "area": "area(code: $text) { id }",
    "areas": "areas(search: $text) { id }",
    "category": "category(code: $text) { id }",
    "agency": "agency(code: $text) { id }",
    "source": "source(code: $text) { id }",
    "report": "report(code: $text) { id }",
    "reportBySourceRef": "reportBySourceRef(source: $text, sourceRef: $text) { id }",
    "laporTicket": "laporTicket(trackingId: $text) { id }",
}
REFUSED = {
    "parent": "areas(parent: $text) { id }",
    "flooded": "floodAreas(area: $text) { id }",
    "of_category": "possibleDuplicates(location: {latitude: -6.2, longitude: 106.8}, category: $text) { score }",
    **{
        name: f"reports(filter: {{{name}: [$text]}}) {{ totalCount }}"
        for name in ("areas", "categories", "sources", "agencies")
    },
}
WORDS = {
    "search": "reports(filter: {search: $text}) { totalCount }",
    "text": "possibleDuplicates(location: {latitude: -6.2, longitude: 106.8}, text: $text) { score }",
}


async def test_in_a_query_they_name_nothing(world: SchemaWorld) -> None:
    for name, question in NAMING_NOTHING.items():
        data = await world.data(f"query($text: String!) {{ {question} }}", {"text": NUL})
        assert not data[name], name


async def test_where_an_unknown_code_is_refused_so_are_they(world: SchemaWorld) -> None:
    for name, question in REFUSED.items():
        answer = await world.ask(f"query($text: String!) {{ {question} }}", {"text": NUL})
        assert [error["extensions"]["code"] for error in answer["errors"]] == ["BAD_USER_INPUT"], name


async def test_in_words_they_are_gaps(world: SchemaWorld) -> None:
    for question in WORDS.values():
        await world.data(f"query($text: String!) {{ {question} }}", {"text": NUL})
