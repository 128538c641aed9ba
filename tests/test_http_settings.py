"""The settings of the HTTP door on the hub as an operator runs it: trusted documents alone, batches, other sites' pages."""

import os
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import httpx
import pytest

from tests.running import RunningHub
from tests.starting import run
from tests.subscribers import Subscriber

AGENCIES = "{ agencies { code } }"
CLOCK = "subscription { sources { code } }"
FRIEND = "https://peta.example"


@pytest.fixture(scope="module")
def strict(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningHub]:
    folder = tmp_path_factory.mktemp("strict")
    (folder / "data").mkdir()
    (folder / "documents").mkdir()
    (folder / "documents" / "agencies.graphql").write_text(f"{AGENCIES}\n")
    (folder / "documents" / "sources.graphql").write_text(CLOCK)
    settings = {
        "SIMPUL_DOCUMENTS_DIR": str(folder / "documents"),
        "SIMPUL_ONLY_TRUSTED_DOCUMENTS": "true",
        "SIMPUL_BATCH_OPERATIONS": "2",
        "SIMPUL_CORS_ORIGINS": FRIEND,
    }
    hub = RunningHub(folder / "data", settings).start()
    yield hub
    hub.stop()


def named(text: str) -> str:
    return f"sha256:{sha256(text.encode()).hexdigest()}"


def test_trusted_documents_run_and_no_others(strict: RunningHub) -> None:
    got = strict.client.get("/graphql", params={"documentId": named(AGENCIES)})
    assert len(got.json()["data"]["agencies"]) > 3
    assert "etag" in got.headers
    refused = strict.ask("{ __typename }")["errors"][0]
    assert refused["extensions"]["code"] == "FORBIDDEN"


def test_over_sockets_too(strict: RunningHub) -> None:
    with Subscriber(strict.socket_url, "{ __typename }") as socket:
        assert socket.receive()["payload"][0]["extensions"]["code"] == "FORBIDDEN"
    with Subscriber(strict.socket_url, CLOCK) as socket:
        socket.send({"type": "subscribe", "id": "2", "payload": {"documentId": named(AGENCIES)}})
        message = socket.receive()
        while message.get("id") != "2":
            message = socket.receive()
        assert message["type"] == "next"


def test_batches_as_many_as_allowed(strict: RunningHub) -> None:
    one = {"documentId": named(AGENCIES)}
    answers = strict.client.post("/graphql", json=[one, one]).json()
    assert [list(each["data"]) for each in answers] == [["agencies"]] * 2
    assert strict.client.post("/graphql", json=[one] * 3).status_code == 400


def test_pages_of_the_configured_site_may_ask(strict: RunningHub) -> None:
    asked = {
        "origin": FRIEND,
        "access-control-request-method": "POST",
        "access-control-request-headers": "content-type",
    }
    assert strict.client.options("/graphql", headers=asked).headers["access-control-allow-origin"] == FRIEND
    stranger = {**asked, "origin": "https://evil.example"}
    assert "access-control-allow-origin" not in strict.client.options("/graphql", headers=stranger).headers


def test_tags_hold_over_a_restart(strict: RunningHub) -> None:
    asked = {"documentId": named(AGENCIES)}
    tag = strict.client.get("/graphql", params=asked).headers["etag"]
    strict.stop()
    strict.start()
    again = httpx.get(f"{strict.url}/graphql", params=asked, headers={"if-none-match": tag})
    assert again.status_code == 304


def test_a_wrong_document_stops_the_start_in_one_line_and_touches_no_data(tmp_path: Path) -> None:
    (tmp_path / "wrong.graphql").write_text("{ nope }")
    (tmp_path / "data").mkdir()
    environment = {**os.environ, "SIMPUL_DATA_DIR": str(tmp_path / "data"), "SIMPUL_PORT": "0"}
    environment["SIMPUL_DOCUMENTS_DIR"] = str(tmp_path)
    done = run(["server.py", "serve"], environment)
    assert done.returncode == 1
    assert "wrong.graphql have one that this hub cannot run: Cannot query field 'nope'" in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert "ready" not in done.stdout
    assert not (tmp_path / "data" / "simpul.db").exists()
