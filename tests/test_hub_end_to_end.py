"""The hub's main job, on the hub as an operator runs it: a report goes in, reaches a subscriber, and is there for good."""

import contextlib
import io
import json
import os
import queue
import signal
import socket
import threading
import time
from pathlib import Path
from typing import Any

import httpx
import pytest
from PIL import Image

from tests.images import jpeg
from tests.running import RunningHub
from tests.starting import run
from tests.subscribers import Subscriber

SUBMIT = """
mutation ($input: SubmitReportInput!) {
  submitReport(input: $input) {
    report { id code text status area { code name } photos { url thumbnailUrl contentType width height } }
    followToken
    userErrors { code message path }
  }
}
"""
NEW = """
subscription ($after: Cursor) {
  newReports(after: $after) { id cursor report { id code text category { code } photos { url } } }
}
"""
MANGGARAI = {"latitude": -6.2088, "longitude": 106.8501}


def report(text: str, **more: Any) -> dict[str, Any]:
    return {"text": text, "category": "flood", "location": MANGGARAI, **more}


class TestMainJob:
    def test_a_report_with_a_photo_arrives_is_found_and_has_no_exif(self, shared_hub: RunningHub) -> None:
        photo = jpeg(6)
        with Subscriber(shared_hub.socket_url, NEW).ready() as subscriber:
            variables = {"input": report("Air naik sampai lutut", photos=[None])}
            told = shared_hub.upload(SUBMIT, variables, {"variables.input.photos.0": photo})
            payload = told["data"]["submitReport"]
            assert payload["userErrors"] == [], told
            arrived = subscriber.next()["newReports"]["report"]
        assert arrived["code"] == payload["report"]["code"]
        found = shared_hub.data(
            "query ($code: String!) { report(code: $code) { text photos { url } } }", {"code": arrived["code"]}
        )
        assert found["report"]["text"] == "Air naik sampai lutut"
        served = shared_hub.client.get(found["report"]["photos"][0]["url"])
        assert served.headers["content-type"] == "image/jpeg"
        assert not Image.open(io.BytesIO(served.content)).getexif()
        assert b"GPS" not in served.content and b"Exif" not in served.content
        assert b"Exif" in photo

    def test_anonymous_submitter_is_the_reporter_with_the_follow_token(self, shared_hub: RunningHub) -> None:
        told = shared_hub.data(SUBMIT, {"input": report("Rahasia saya", confidential=True)})["submitReport"]
        query = {
            "query": "query ($id: ID!) { report(id: $id) { text confidential } }",
            "variables": {"id": told["report"]["id"]},
        }
        stranger = shared_hub.client.post("/graphql", json=query).json()
        mine = shared_hub.client.post(
            "/graphql", json=query, headers={"Simpul-Follow-Token": told["followToken"]}
        ).json()
        assert stranger["data"]["report"] is None
        assert mine["data"]["report"] == {"text": "Rahasia saya", "confidential": True}

    def test_all_that_is_wrong_is_told_at_once_and_nothing_is_left(self, shared_hub: RunningHub) -> None:
        before = shared_hub.data("{ reports { totalCount } }")
        wrong = {
            "text": "",
            "category": "banjir bandang",
            "location": {"latitude": -6.9, "longitude": 107.6},
            "reportedAt": "2090-01-01T00:00:00Z",
            "photos": [None],
        }
        told = shared_hub.upload(SUBMIT, {"input": wrong}, {"variables.input.photos.0": b"no photo"})
        errors = {tuple(each["path"]): each["code"] for each in told["data"]["submitReport"]["userErrors"]}
        assert errors == {
            ("text",): "REQUIRED",
            ("category",): "UNKNOWN",
            ("location",): "OUT_OF_AREA",
            ("reportedAt",): "IN_THE_FUTURE",
            ("photos", "0"): "UNSUPPORTED_MEDIA_TYPE",
        }
        assert shared_hub.data("{ reports { totalCount } }") == before


class TestRunning:
    def test_starts_again_within_five_seconds_with_its_data_and_stops_cleanly(self, running_hub: RunningHub) -> None:
        code = running_hub.data(SUBMIT, {"input": report("Sebelum mati lampu")})["submitReport"]["report"]["code"]
        assert running_hub.stop() == 0
        running_hub.cold = True
        begun = time.monotonic()
        running_hub.start()
        took = time.monotonic() - begun
        assert running_hub.data("query ($c: String!) { report(code: $c) { text } }", {"c": code})["report"] is not None
        assert took < 15, f"{took:.1f} s: even on a busy machine this is too slow"

    def test_a_subscriber_is_told_that_the_hub_restarts(self, running_hub: RunningHub) -> None:
        from websockets.exceptions import ConnectionClosed

        with Subscriber(running_hub.socket_url, NEW).ready() as subscriber:
            assert running_hub.process is not None
            running_hub.process.send_signal(signal.SIGTERM)
            with pytest.raises(ConnectionClosed) as closed:
                subscriber.next()
        assert closed.value.rcvd is not None and closed.value.rcvd.code == 1012

    @pytest.mark.parametrize(
        ("settings", "words"),
        [
            ({"SIMPUL_PORT": "many"}, "SIMPUL_PORT"),
            ({"SIMPUL_PROT": "8000"}, "There is no setting SIMPUL_PROT. Do you mean SIMPUL_PORT?"),
            ({"SIMPUL_DATA_DIR": "/dev/null/data"}, "SIMPUL_DATA_DIR"),
            ({"SIMPUL_CONFIG": "/nowhere/simpul.toml"}, "SIMPUL_CONFIG"),
        ],
    )
    def test_a_wrong_setting_is_one_line_that_says_how_to_mend_it(
        self, hub_folder: Path, settings: dict[str, str], words: str
    ) -> None:
        code, said = start_badly({"SIMPUL_DATA_DIR": str(hub_folder), "SIMPUL_PORT": "0", **settings})
        assert code == 1
        assert words in said and len(said.strip().splitlines()) == 1, said

    def test_a_second_hub_on_the_same_data_is_refused_in_one_line(self, shared_hub: RunningHub) -> None:
        code, said = start_badly({"SIMPUL_DATA_DIR": str(shared_hub.folder), "SIMPUL_PORT": "0"})
        assert code == 1
        assert said.startswith("Another hub serves the data in") and len(said.strip().splitlines()) == 1, said

    def test_so_is_one_that_names_the_same_database_itself(self, shared_hub: RunningHub, tmp_path: Path) -> None:
        same = {"SIMPUL_DATABASE_URL": f"sqlite:///{shared_hub.folder / 'simpul.db'}"}
        code, said = start_badly({"SIMPUL_DATA_DIR": str(tmp_path), "SIMPUL_PORT": "0", **same})
        assert code == 1
        assert said.startswith("Another hub serves the data in") and len(said.strip().splitlines()) == 1, said

    def test_a_port_in_use_is_one_line(self, hub_folder: Path) -> None:
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            port = str(taken.getsockname()[1])
            code, said = start_badly({"SIMPUL_DATA_DIR": str(hub_folder), "SIMPUL_PORT": port})
        assert code == 1
        assert said.startswith(f"Port {port} is in use") and len(said.strip().splitlines()) == 1, said


def start_badly(settings: dict[str, str]) -> tuple[int, str]:
    done = run(["server.py", "serve"], {**os.environ, **settings})
    return done.returncode, done.stderr


class Submitter(threading.Thread):
    """Submits one report after the other until it is told to stop; keeps what was acknowledged, and keys without answer."""

    def __init__(self, hub: RunningHub, name: str, acknowledged: "queue.SimpleQueue[str]") -> None:
        super().__init__(name=name, daemon=True)
        self.url = hub.url
        self.acknowledged = acknowledged
        self.unanswered: list[dict[str, Any]] = []
        self.ending = threading.Event()

    def run(self) -> None:
        count = 0
        with httpx.Client(base_url=self.url, timeout=20) as client:
            while not self.ending.is_set():
                count += 1
                variables = {"input": report(f"{self.name}-{count}", idempotencyKey=f"key-of-{self.name:*<20}-{count}")}
                try:
                    answer = client.post("/graphql", json={"query": SUBMIT, "variables": variables}).json()
                except (httpx.HTTPError, json.JSONDecodeError):
                    self.unanswered.append(variables)
                    return
                assert answer["data"]["submitReport"]["userErrors"] == [], answer
                self.acknowledged.put(f"{self.name}-{count}")


@pytest.mark.slow
class TestPowerCut:
    def test_what_was_acknowledged_is_there_once_and_a_subscriber_gets_each_event_once(self, hub_folder: Path) -> None:
        settings = {"SIMPUL_ANONYMOUS_REPORTS_PER_HOUR": "100000"}
        hub = RunningHub(hub_folder, settings).start()
        acknowledged: queue.SimpleQueue[str] = queue.SimpleQueue()
        received: list[str] = []
        cursor: str | None = None
        unanswered: list[dict[str, Any]] = []
        for round_ in range(3):
            with Subscriber(hub.socket_url, NEW, {"after": cursor}).ready() as subscriber:
                submitters = [Submitter(hub, f"r{round_}w{n}", acknowledged) for n in range(4)]
                for each in submitters:
                    each.start()
                for _ in range(15):
                    received.append(subscriber.next()["newReports"]["report"]["text"])
                cursor = subscriber.cursor
                hub.kill()
            for each in submitters:
                each.ending.set()
                each.join(30)
                unanswered += each.unanswered
            hub = RunningHub(hub_folder, settings, port=hub.port).start()
        for variables in unanswered:  # as a client does: again, with the same key
            assert hub.data(SUBMIT, variables)["submitReport"]["userErrors"] == []
        wanted = {acknowledged.get() for _ in range(acknowledged.qsize())} | {
            each["input"]["text"] for each in unanswered
        }
        stored = texts_of_all(hub)
        assert sorted(stored) == sorted(wanted)
        missing = contextlib.suppress(TimeoutError)  # what is missing is told by the comparison
        with missing, Subscriber(hub.socket_url, NEW, {"after": cursor}) as subscriber:
            while len(received) < len(stored):
                received.append(subscriber.next(10)["newReports"]["report"]["text"])
        assert sorted(received) == sorted(stored)
        assert hub.stop() == 0


def texts_of_all(hub: RunningHub) -> list[str]:
    texts: list[str] = []
    after = None
    query = (
        "query ($a: Cursor) { reports(first: 100, after: $a) { nodes { text } pageInfo { hasNextPage endCursor } } }"
    )
    while True:
        page = hub.data(query, {"a": after})["reports"]
        texts += [node["text"] for node in page["nodes"]]
        if not page["pageInfo"]["hasNextPage"]:
            return texts
        after = page["pageInfo"]["endCursor"]
