"""What clients are told when the hub itself fails: an id that the log has, and nothing of its inside; siblings stay."""

import json
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

import httpx
import pytest

from tests.running import ROOT, RunningHub
from tests.subscribers import Subscriber

GRAPHQL = "application/graphql-response+json"
TICKET = 'laporTicket(trackingId: "1")'
INSIDE = re.compile(
    r"traceback|sqlite|sqlalchemy|no such|select |insert |lapor_tickets|persons|\.py\b|\.db\b|/srv|/tmp|/home|127\.0\.0\.1|0x[0-9a-f]{6}",
    re.IGNORECASE,
)
"""What would tell of the hub's inside: stack, SQL, tables, files, hosts, objects."""


@contextmanager
def without(hub: RunningHub, table: str) -> Iterator[None]:
    """The hub runs on a store that has lost a table."""
    with closing(sqlite3.connect(hub.folder / "simpul.db", isolation_level=None, timeout=30)) as connection:
        connection.execute("PRAGMA legacy_alter_table = ON")  # what refers to it stays as it is
        connection.execute(f"ALTER TABLE {table} RENAME TO gone")
        try:
            yield
        finally:
            connection.execute(f"ALTER TABLE gone RENAME TO {table}")


def incident(hub: RunningHub, errors: list[dict[str, Any]], told: str) -> dict[str, Any]:
    """The one error, INTERNAL; its id is in the log with what really happened, and nothing of that is told."""
    (error,) = errors
    assert error["extensions"].keys() == {"code", "id"}
    assert error["extensions"]["code"] == "INTERNAL"
    assert error["extensions"]["id"] in error["message"]
    assert not INSIDE.search(told), told
    logged = hub.log.partition(f"internal error {error['extensions']['id']}")[2]
    assert "Traceback" in logged and "no such table" in logged
    return error


@pytest.mark.parametrize("accept", [GRAPHQL, "application/json"])
def test_one_fields_failure_leaves_its_siblings(shared_hub: RunningHub, accept: str) -> None:
    with without(shared_hub, "lapor_tickets"):
        query = {"query": f"{{ agencies {{ code }} t: {TICKET} {{ id }} }}"}
        answer = shared_hub.client.post("/graphql", json=query, headers={"accept": accept})
    assert answer.status_code == 200
    told = answer.json()
    assert told["data"]["t"] is None and len(told["data"]["agencies"]) > 3
    error = incident(shared_hub, told["errors"], answer.text)
    assert error["path"] == ["t"]
    assert error["locations"]
    assert "etag" not in answer.headers


def test_a_failure_before_anything_ran_is_500(shared_hub: RunningHub) -> None:
    token = shared_hub.token("citizen")
    with without(shared_hub, "persons"):
        headers = {"authorization": f"Bearer {token}", "accept": GRAPHQL}
        answer = shared_hub.client.post("/graphql", json={"query": "{ __typename }"}, headers=headers)
    assert answer.status_code == 500
    assert "data" not in answer.json()
    incident(shared_hub, answer.json()["errors"], answer.text)


def test_over_an_event_stream_and_a_socket_it_is_told_alike(shared_hub: RunningHub) -> None:
    query = f"{{ {TICKET} {{ id }} }}"
    with without(shared_hub, "lapor_tickets"):
        streamed = shared_hub.client.post("/graphql", json={"query": query}, headers={"accept": "text/event-stream"})
        with Subscriber(shared_hub.socket_url, query) as socket:
            message = socket.receive()
    data = next(line for line in streamed.text.splitlines() if line.startswith("data: {"))
    incident(shared_hub, json.loads(data.removeprefix("data: "))["errors"], streamed.text)
    incident(shared_hub, message["payload"]["errors"], json.dumps(message))


def test_a_mutation_that_fails_leaves_nothing_behind_and_may_be_sent_again(shared_hub: RunningHub) -> None:
    submit = (
        "mutation ($input: SubmitReportInput!) { submitReport(input: $input) { report { id } userErrors { code } } }"
    )
    given = {
        "idempotencyKey": "failing-mutation-key-0001",
        "text": "Lampu jalan mati di depan pasar",
        "category": "other",
        "location": {"latitude": -6.2, "longitude": 106.83},
    }
    with without(shared_hub, "report_follow_tokens"):
        failed = shared_hub.ask(submit, {"input": given})
        assert failed["data"] is None or failed["data"]["submitReport"] is None
        incident(shared_hub, failed["errors"], json.dumps(failed))
        assert shared_hub.data("{ reports { totalCount } }")["reports"]["totalCount"] == 0
    made = shared_hub.data(submit, {"input": given})["submitReport"]
    assert made["report"] and made["userErrors"] == []


def test_paths_that_are_none_and_pushes_tell_nothing_either(shared_hub: RunningHub) -> None:
    for path in ("/../../etc/passwd", "/assets/..%2f..%2fserver.py", "/photos/x", "/push/x", "/graphql/x", "/%00"):
        for method in ("GET", "POST"):
            answer = httpx.request(method, f"{shared_hub.url}{path}", content=b"\x00")
            assert answer.status_code in (404, 405), (method, path)
            assert not INSIDE.search(answer.text), answer.text
            assert str(ROOT) not in answer.text
