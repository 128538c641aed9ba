"""Any process of a hub may die at any time, the one that writes too: what was acknowledged is there, and there once."""

import http.client
import itertools
import json
import threading
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from websockets.exceptions import WebSocketException

from tests.family import Family
from tests.running import RunningHub
from tests.subscribers import Subscriber
from tests.test_commands import command

KILLS = 100
SUBMIT = """
mutation ($input: SubmitReportInput!) { submitReport(input: $input) { report { id } userErrors { message } } }
"""
NEW = "subscription ($after: Cursor) { newReports(after: $after) { report { text } } }"
ALL = "query ($a: Cursor) { reports(first: 100, after: $a) { nodes { id text } pageInfo { hasNextPage endCursor } } }"
AGAIN = ("OUTCOME_UNKNOWN", "OVERLOADED")
MANGGARAI = {"latitude": -6.2088, "longitude": 106.8501}


@dataclass
class Tally:
    """What citizens were told."""

    ids: dict[str, str] = field(default_factory=dict)
    asked_again: set[str] = field(default_factory=set)
    grown: threading.Condition = field(default_factory=threading.Condition)

    def told(self, text: str, report_id: str) -> None:
        with self.grown:
            self.ids[text] = report_id
            self.grown.notify_all()

    def wait_for_more(self, more: int) -> None:
        """Until so many more reports are acknowledged than are now."""
        with self.grown:
            wanted = len(self.ids) + more
            assert self.grown.wait_for(lambda: len(self.ids) >= wanted, 60), "nothing is acknowledged any more"


class Citizen(threading.Thread):
    """Submits one report after another, each with a key, and each again until it is answered."""

    def __init__(self, port: int, name: str, tally: Tally) -> None:
        super().__init__(name=name, daemon=True)
        self._port, self._tally = port, tally
        self.ending = threading.Event()
        self.fault: BaseException | None = None

    def run(self) -> None:
        try:
            for number in itertools.count():
                if self.ending.is_set():
                    return
                text = f"{self.name}-{number}"
                self._tally.told(text, self._until_answered(text))
        except BaseException as fault:
            self.fault = fault
            raise

    def _until_answered(self, text: str) -> str:
        for answer in answers(self._port, text):
            if answer is None or "errors" in answer:
                assert answer is None or answer["errors"][0]["extensions"]["code"] in AGAIN, answer
                self._tally.asked_again.add(text)
                continue
            submitted = answer["data"]["submitReport"]
            assert submitted["userErrors"] == [], submitted
            report_id: str = submitted["report"]["id"]
            return report_id
        raise AssertionError("unreachable")


def answers(port: int, text: str) -> Iterator[dict[str, Any] | None]:
    """What is said to a report each time that it is sent; None where the connection broke."""
    told = {"text": text, "category": "flood", "location": MANGGARAI, "idempotencyKey": f"key-of-{text:*<30}"}
    body = json.dumps({"query": SUBMIT, "variables": {"input": told}})
    while True:
        with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=30)) as connection:
            try:
                connection.request("POST", "/graphql", body, {"Content-Type": "application/json"})
                answer: dict[str, Any] | None = json.loads(connection.getresponse().read())
            except (OSError, http.client.HTTPException):
                answer = None
        yield answer


class Listener(threading.Thread):
    """Somebody who subscribes to new reports, and comes back where he was whenever he is cut off."""

    def __init__(self, hub: RunningHub) -> None:
        super().__init__(daemon=True)
        self._hub = hub
        self.texts: list[str] = []
        self.listening, self.ending = threading.Event(), threading.Event()
        self.times = 0

    def run(self) -> None:
        cursor: str | None = None
        while not self.ending.is_set():
            subscriber = Subscriber(self._hub.socket_url, NEW, {"after": cursor}).ready()
            self.times += 1
            try:
                with subscriber:
                    self.listening.set()
                    while not self.ending.is_set():
                        self._hear(subscriber)
            except (OSError, WebSocketException):
                pass
            cursor = subscriber.cursor or cursor

    def _hear(self, subscriber: Subscriber) -> None:
        try:
            self.texts.append(subscriber.next(0.5)["newReports"]["report"]["text"])
        except TimeoutError:
            return


@pytest.fixture
def hub(hub_folder: Path) -> Iterator[RunningHub]:
    running = RunningHub(hub_folder, {"SIMPUL_ANONYMOUS_REPORTS_PER_HOUR": "1000000"}, ("--workers", "2")).start()
    yield running
    if running.process is not None and running.process.poll() is None:
        running.kill()


@pytest.mark.slow(seconds=60)
def test_nothing_acknowledged_is_lost_or_doubled_and_no_subscriber_misses_anything(hub: RunningHub) -> None:
    family, tally = Family(hub), Tally()
    citizens = [Citizen(hub.port, f"warga{n}", tally) for n in range(6)]
    listeners = [Listener(hub) for _ in range(2)]
    for listener in listeners:
        listener.start()
        assert listener.listening.wait(30)
    for citizen in citizens:
        citizen.start()

    hosts_killed = kill_them_all(family, tally)

    for citizen in citizens:
        citizen.ending.set()
        citizen.join(60)
        assert citizen.fault is None and not citizen.is_alive()
    assert hosts_killed >= KILLS // 3
    stored = all_reports(hub)
    assert sorted(stored) == sorted(tally.ids.items())
    for text in sorted(tally.asked_again):
        answer = next(answers(hub.port, text))
        assert answer is not None and answer["data"]["submitReport"]["report"]["id"] == tally.ids[text]
    assert all_reports(hub) == stored
    wait_until_heard(listeners, len(stored))
    for listener in listeners:
        assert sorted(listener.texts) == sorted(text for text, _ in stored)
    assert hub.stop() == 0
    assert verified(hub.folder)


def kill_them_all(family: Family, tally: Tally) -> int:
    """Kills one process after another, the one that writes every second time; gives how often that was."""
    hosts = 0
    for number in range(KILLS):
        tally.wait_for_more(2)
        host = family.host
        victims = sorted(family.workers - {host})
        victim = host if number % 2 and host is not None else victims[0] if victims else host
        if victim is not None:
            hosts += victim == host
            family.kill(victim)
    return hosts


def all_reports(hub: RunningHub) -> list[tuple[str, str]]:
    """Text and id of all, in the order of their texts."""
    found, after, more = [], None, True
    while more:
        page = hub.data(ALL, {"a": after})["reports"]
        found += [(node["text"], node["id"]) for node in page["nodes"]]
        after, more = page["pageInfo"]["endCursor"], page["pageInfo"]["hasNextPage"]
    return sorted(found)


def wait_until_heard(listeners: list[Listener], many: int) -> None:
    for listener in listeners:
        for _ in range(60):
            if len(listener.texts) >= many:
                break
            listener.ending.wait(0.5)
        listener.ending.set()
        listener.join(30)


def verified(folder: Path) -> bool:
    return command(folder, "verify").returncode == 0
