"""Every mutation of the contract through the served schema: its input arrives, its payload answers, mistakes are userErrors."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from domain.areas import AreaMap
from domain.sealing import Kind
from domain.vocabulary import Role
from resolvers.viewer import Viewer
from storage.store import Store
from tests.images import plain_jpeg
from tests.schema_world import ADMIN, SchemaWorld, everything, public_id, schema_world
from tests.writing import KEY, File

NOBODYS = "AAAAAAAAAAAAAAAAAAAAAA"


@pytest.fixture
async def world(sqlite_store: Store, area_map: AreaMap, tmp_path: Path) -> AsyncIterator[SchemaWorld]:
    async with schema_world(sqlite_store, area_map, tmp_path) as made:
        yield made


async def do(world: SchemaWorld, mutation: str, given: dict[str, Any], viewer: Viewer) -> dict[str, Any]:
    """A mutation, with all of its payload asked for."""
    assert world.engine.schema.mutation_type is not None
    payload = everything(world.engine.schema.mutation_type.fields[mutation].type, 1)
    kind = mutation[0].upper() + mutation[1:]
    question = f"mutation ($input: {kind}Input!) {{ done: {mutation}(input: $input) {payload} }}"
    done: dict[str, Any] = (await world.data(question, {"input": given}, viewer=viewer))["done"]
    return done


WITH_A_REPORT: list[tuple[str, dict[str, Any]]] = [
    ("addPhotos", {"photos": []}),
    ("supportReport", {}),
    ("unsupportReport", {}),
    ("commentOnReport", {"text": "Masih begitu."}),
    ("withdrawReport", {"note": "Sudah surut."}),
    ("setConfidential", {"confidential": True}),
    ("forwardToLapor", {}),
    ("recordAgencyStatus", {"status": "IN_PROGRESS"}),
]


@pytest.mark.parametrize(("mutation", "given"), WITH_A_REPORT, ids=[name for name, _ in WITH_A_REPORT])
async def test_a_report_that_is_not_there_is_a_user_error(
    world: SchemaWorld, mutation: str, given: dict[str, Any]
) -> None:
    told = {"reportId": NOBODYS, "idempotencyKey": KEY, **given}
    if "photos" in told:
        told["photos"] = [File(plain_jpeg())]
    done = await do(world, mutation, told, ADMIN)
    assert done["report"] is None
    assert {each["code"] for each in done["userErrors"]} <= {"NOT_FOUND", "FORBIDDEN", "SOURCE_UNAVAILABLE"}
    assert done["userErrors"]


async def test_the_reporter_does_all_that_reporters_may(world: SchemaWorld) -> None:
    sari, mine = world.hub.people["sari"], {"reportId": public_id(world, Kind.REPORT, world.report_id)}
    added = await do(world, "addPhotos", {**mine, "photos": [File(plain_jpeg())], "phase": None}, sari)
    assert added["userErrors"] == [] and [photo["phase"] for photo in added["photos"]] == ["BEFORE"]
    said = await do(world, "commentOnReport", {**mine, "text": "Air masih tinggi."}, sari)
    assert said["userErrors"] == [] and said["comment"]["text"] == "Air masih tinggi."
    hidden = await do(world, "setConfidential", {**mine, "confidential": True}, sari)
    assert hidden["userErrors"] == [] and hidden["report"]["confidential"] is True
    stale = {**mine, "ifUnchangedSince": "2020-01-01T00:00:00+07:00"}
    assert [each["code"] for each in (await do(world, "withdrawReport", stale, sari))["userErrors"]] == ["CONFLICT"]
    gone = await do(world, "withdrawReport", {**mine, "note": "Sudah surut."}, sari)
    assert gone["userErrors"] == [] and gone["report"]["status"] == "WITHDRAWN"


async def test_support_is_counted_and_taken_back(world: SchemaWorld) -> None:
    tono = await world.hub.person(Role.CITIZEN, "tono")
    other = {"reportId": public_id(world, Kind.REPORT, world.report_id)}
    before = await world.data("query ($id: ID!) { report(id: $id) { supportCount } }", {"id": other["reportId"]})
    done = await do(world, "supportReport", other, tono)
    assert done["report"]["supportCount"] == before["report"]["supportCount"] + 1
    assert done["report"]["viewerHasSupported"] is True
    done = await do(world, "unsupportReport", other, tono)
    assert done["report"]["viewerHasSupported"] is False and done["userErrors"] == []


async def test_admins_tell_sources_what_to_do(world: SchemaWorld) -> None:
    synced = await do(world, "syncSource", {"source": "qlue"}, ADMIN)
    assert synced["userErrors"] == [] and synced["source"]["code"] == "qlue"
    unknown = await do(world, "syncSource", {"source": "nowhere"}, ADMIN)
    assert unknown["source"] is None and unknown["userErrors"][0]["path"] == ["source"]
    retried = await do(world, "retrySetAside", {"ids": [public_id(world, Kind.SET_ASIDE, 1)]}, ADMIN)
    assert retried["userErrors"] == [] and retried["mapped"] == 0


async def test_a_forwarding_that_is_not_there_cannot_be_settled(world: SchemaWorld) -> None:
    done = await do(world, "settleForwarding", {"forwardingId": NOBODYS, "outcome": "GIVE_UP"}, ADMIN)
    assert done["forwarding"] is None
    assert [(each["code"], each["path"]) for each in done["userErrors"]] == [("NOT_FOUND", ["forwardingId"])]
