"""Documents named by their hash: Apollo's protocol, `documentId`, and a folder of trusted ones."""

import json
from collections.abc import AsyncIterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.door import TryHub, client_of, served, socket_to
from transport import DoorSettings, graphql_app
from transport.http.request import Parameters
from transport.operations.documents import DocumentRefused, PersistedDocuments
from transport.operations.trusted import documents_of, read_trusted
from transport.settings.configuration import WrongSetting
from transport.settings.loading import load_settings

GRAPHQL = "application/graphql-response+json"
TEXT = "query ($n: String) { hello(name: $n) }"


def digest(text: str) -> str:
    return sha256(text.encode()).hexdigest()


def apollo(text: str = TEXT, version: Any = 1) -> dict[str, Any]:
    return {"persistedQuery": {"version": version, "sha256Hash": digest(text)}}


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(graphql_app(TryHub())) as client:
        yield client


async def ask(client: httpx.AsyncClient, accept: str = GRAPHQL, **body: Any) -> httpx.Response:
    return await client.post("/graphql", json=body, headers={"accept": accept})


def only_error(response: httpx.Response) -> tuple[str, str]:
    (error,) = response.json()["errors"]
    return error["message"], error["extensions"]["code"]


class TestAutomatic:
    async def test_unknown_then_sent_once_then_known(self, client: httpx.AsyncClient) -> None:
        unknown = await ask(client, extensions=apollo())
        assert unknown.status_code == 400
        assert only_error(unknown) == ("PersistedQueryNotFound", "PERSISTED_QUERY_NOT_FOUND")
        assert unknown.headers["cache-control"] == "no-store"
        assert (await ask(client, "application/json", extensions=apollo())).status_code == 200
        sent = await ask(client, query=TEXT, extensions=apollo(), variables={"n": "Bogor"})
        known = await ask(client, extensions=apollo(), variables={"n": "Bogor"})
        assert sent.json()["data"] == known.json()["data"] == {"hello": "Halo, Bogor!"}

    async def test_by_get_as_apollos_client_does(self, client: httpx.AsyncClient) -> None:
        await ask(client, query=TEXT, extensions=apollo())
        asked = {"extensions": json.dumps(apollo()), "variables": '{"n": "Depok"}'}
        response = await client.get("/graphql", params=asked)
        assert response.json()["data"] == {"hello": "Halo, Depok!"}
        assert "etag" in response.headers

    async def test_a_hash_that_is_not_the_texts_is_refused_and_not_kept(self, client: httpx.AsyncClient) -> None:
        refused = await ask(client, query="{ seen }", extensions=apollo())
        assert refused.status_code == 400
        assert only_error(refused) == ("provided sha does not match query", "BAD_USER_INPUT")
        assert only_error(await ask(client, extensions=apollo()))[1] == "PERSISTED_QUERY_NOT_FOUND"

    @pytest.mark.parametrize("version", [2, "1", None])
    async def test_another_version_is_refused(self, client: httpx.AsyncClient, version: Any) -> None:
        for query in ({}, {"query": TEXT}):
            refused = await ask(client, extensions=apollo(version=version), **query)
            assert refused.status_code == 400
            assert only_error(refused)[0] == "Unsupported persisted query version"

    @pytest.mark.parametrize("told", [1, "x", [], {}, {"version": 1}, {"version": 1, "sha256Hash": 7}])
    async def test_what_is_no_such_extension_is_400(self, client: httpx.AsyncClient, told: Any) -> None:
        for media_type in (GRAPHQL, "application/json"):
            assert (await ask(client, media_type, extensions={"persistedQuery": told})).status_code == 400

    async def test_a_null_extension_is_as_none(self, client: httpx.AsyncClient) -> None:
        assert (await ask(client, query="{ hello }", extensions={"persistedQuery": None})).status_code == 200
        assert (await ask(client, extensions={"persistedQuery": None})).status_code == 400

    async def test_a_mutation_by_get_is_405_by_its_hash_too(self, client: httpx.AsyncClient) -> None:
        text = "mutation { slowly }"
        extensions = json.dumps(apollo(text))
        response = await client.get("/graphql", params={"query": text, "extensions": extensions})
        assert response.status_code == 405
        response = await client.get("/graphql", params={"extensions": extensions})
        assert (response.status_code, response.headers["allow"]) == (405, "POST")


class TestDocumentId:
    async def test_it_names_a_document_that_was_sent_with_its_hash(self, client: httpx.AsyncClient) -> None:
        await ask(client, query=TEXT, extensions=apollo())
        named = f"sha256:{digest(TEXT)}"
        assert (await ask(client, documentId=named)).json()["data"] == {"hello": "Halo, Jakarta!"}
        response = await client.get("/graphql", params={"documentId": named, "variables": '{"n":"Bekasi"}'})
        assert response.json()["data"] == {"hello": "Halo, Bekasi!"}

    @pytest.mark.parametrize("named", ["sha256:" + "0" * 64, "0" * 32, "x-own:1", "sha256:", "md5:x"])
    async def test_an_unknown_one_is_one_error(self, client: httpx.AsyncClient, named: str) -> None:
        assert only_error(await ask(client, documentId=named))[1] == "PERSISTED_QUERY_NOT_FOUND"

    async def test_two_names_for_two_documents_are_400(self, client: httpx.AsyncClient) -> None:
        response = await ask(client, documentId="sha256:" + "0" * 64, extensions=apollo())
        assert response.status_code == 400

    async def test_a_text_with_the_name_of_another_is_400(self, client: httpx.AsyncClient) -> None:
        assert (await ask(client, query=TEXT, documentId="sha256:" + "0" * 64)).status_code == 400


class TestBounds:
    def test_the_oldest_use_leaves_first(self) -> None:
        documents = PersistedDocuments(count=2)
        texts = ["{ a }", "{ b }", "{ c }"]
        for text in texts[:2]:
            documents.text_of(Parameters(text, extensions=apollo(text)))
        documents.text_of(Parameters(None, extensions=apollo("{ a }")))
        documents.text_of(Parameters("{ c }", extensions=apollo("{ c }")))
        known = [text for text in texts if _is_known(documents, text)]
        assert known == ["{ a }", "{ c }"]

    def test_characters_are_bounded_however_many_are_sent(self) -> None:
        documents = PersistedDocuments(characters=1_000)
        for number in range(500):
            text = f"{{ a{number} }}" + " " * 90
            documents.text_of(Parameters(text, extensions=apollo(text)))
            documents.text_of(Parameters(text, extensions=apollo(text)))
        assert 8 <= len(documents) <= 10

    def test_what_is_sent_without_its_hash_is_not_kept(self) -> None:
        documents = PersistedDocuments()
        documents.text_of(Parameters("{ a }"))
        assert len(documents) == 0


def _is_known(documents: PersistedDocuments, text: str) -> bool:
    try:
        return documents.text_of(Parameters(None, extensions=apollo(text))) == text
    except DocumentRefused:
        return False


class TestTrusted:
    @pytest.fixture
    def folder(self, tmp_path: Path) -> Path:
        (tmp_path / "app").mkdir()
        (tmp_path / "app" / "hello.graphql").write_text(f"{TEXT}\n")
        (tmp_path / "manifest.json").write_text(json.dumps({digest("{ seen }"): "{ seen }"}))
        (tmp_path / "README.md").write_text("not GraphQL")
        return tmp_path

    async def test_they_run_by_hash_and_by_text_and_nothing_else_does(self, folder: Path) -> None:
        hub = TryHub()
        documents = PersistedDocuments(read_trusted(folder, hub.engine.check), only_trusted=True)
        async with client_of(graphql_app(hub, documents=documents)) as client:
            for body in (
                {"documentId": f"sha256:{digest(TEXT)}", "variables": {"n": "x"}},
                {"documentId": f"sha256:{digest(TEXT + chr(10))}", "variables": {"n": "x"}},
                {"extensions": apollo(TEXT), "variables": {"n": "x"}},
                {"query": TEXT, "variables": {"n": "x"}},
                {"query": "{ seen }", "extensions": apollo("{ seen }")},
            ):
                assert "data" in (await ask(client, **body)).json(), body
            for body in (
                {"query": "{ hello }"},
                {"query": "{ hello }", "extensions": apollo("{ hello }")},
                {"extensions": apollo("{ hello }")},  # told that it is not found, a client would send its text in vain
                {"documentId": f"sha256:{digest('{ hello }')}"},
            ):
                refused = await ask(client, **body)
                assert (refused.status_code, only_error(refused)[1]) == (403, "FORBIDDEN"), body
        assert len(documents) == 3  # nothing was kept that was sent

    async def test_without_that_setting_others_run_as_well(self, folder: Path) -> None:
        hub = TryHub()
        settings = load_settings({"SIMPUL_DOCUMENTS_DIR": str(folder)})
        async with client_of(graphql_app(hub, documents=documents_of(settings, hub.engine.check))) as client:
            assert (await ask(client, query="{ hello }")).status_code == 200
            assert (await ask(client, documentId=f"sha256:{digest('{ seen }')}")).status_code == 200

    async def test_over_sockets_and_event_streams(self, folder: Path) -> None:
        count = "subscription { count(to: 1) }"
        (folder / "count.graphql").write_text(count)
        documents = PersistedDocuments(read_trusted(folder, TryHub().engine.check), only_trusted=True)
        async with served(DoorSettings()) as stage:
            stage.door = graphql_app(stage.hub, documents=documents)
            async with socket_to(stage) as socket:
                await socket.init()
                await socket.send("subscribe", "1", {"documentId": f"sha256:{digest(count)}"})
                assert (await socket.receive())["payload"]["data"] == {"count": 1}
                assert (await socket.receive())["type"] == "complete"
                await socket.subscribe("2", "{ hello }")
                refused = await socket.receive()
                assert (refused["type"], refused["payload"][0]["extensions"]["code"]) == ("error", "FORBIDDEN")
            async with httpx.AsyncClient() as client:
                streams = {"accept": "text/event-stream"}
                body = {"extensions": apollo(count)}
                assert '{"count":1}' in (await client.post(stage.http, json=body, headers=streams)).text
                told = await client.post(stage.http, json={"extensions": apollo("{ x }")}, headers=streams)
                assert "FORBIDDEN" in told.text and "event: complete" in told.text

    @pytest.mark.parametrize(
        ("name", "content", "words"),
        [
            ("a.graphql", "{ nope }", "Cannot query field 'nope'"),
            ("a.graphql", "{", "Syntax Error"),
            ("a.graphql", "", "Syntax Error"),
            ("a.json", "{", "are not JSON"),
            ("a.json", "[1]", "an object of texts"),
            ("a.json", '{"a": 1}', "an object of texts"),
            ("a.json", json.dumps({"0" * 64: "{ hello }"}), "not its SHA-256"),
            ("a.json", json.dumps({digest("{ nope }"): "{ nope }"}), "Cannot query field 'nope'"),
        ],
    )
    def test_a_wrong_one_stops_the_start_in_one_line(self, tmp_path: Path, name: str, content: str, words: str) -> None:
        (tmp_path / name).write_text(content)
        with pytest.raises(WrongSetting) as wrong:
            read_trusted(tmp_path, TryHub().engine.check)
        assert words in str(wrong.value) and name in str(wrong.value)
        assert "\n" not in str(wrong.value)

    def test_a_text_that_is_no_utf8_or_a_folder_that_is_none_stop_it_too(self, tmp_path: Path) -> None:
        (tmp_path / "a.graphql").write_bytes(b"{ hello } # \xff")
        for folder in (tmp_path, tmp_path / "nowhere"):
            with pytest.raises(WrongSetting):
                read_trusted(folder, TryHub().engine.check)

    def test_only_trusted_needs_a_folder(self) -> None:
        settings = load_settings({"SIMPUL_ONLY_TRUSTED_DOCUMENTS": "true"})
        with pytest.raises(WrongSetting, match="SIMPUL_DOCUMENTS_DIR"):
            documents_of(settings, TryHub().engine.check)
