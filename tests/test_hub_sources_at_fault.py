"""Outside systems that are away, stuck or broken: queries go on being answered, `sources` tells, and it mends by itself."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from demo import lapor, peta_jakarta_v3, qlue
from demo.city import City
from demo.serving import serve_in_thread
from tests.running import RunningHub
from tests.subscribers import Subscriber

POLL_SECONDS = 1.0
TIME_LIMIT = 4.0
"""What a source is given to answer; every query must be answered well before that."""

SOURCES = "{ sources { code state lastError lastSuccessAt } }"
SYNC = "mutation ($source: String!) { syncSource(input: {source: $source}) { userErrors { message } } }"
WATCH = "subscription { sources { code state lastError } }"


@pytest.fixture(scope="module")
def city_urls() -> Iterator[dict[str, str]]:
    city = City(3, datetime.now(UTC) - timedelta(minutes=20))
    apps = {"peta_jakarta": peta_jakarta_v3.app(city), "qlue": qlue.app(city), "lapor": lapor.app(city)}
    with (
        serve_in_thread(apps["peta_jakarta"]) as first,
        serve_in_thread(apps["qlue"]) as second,
        serve_in_thread(apps["lapor"]) as third,
    ):
        yield {"peta_jakarta": first, "qlue": second, "lapor": third}


@pytest.fixture(scope="module")
def hub(city_urls: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningHub]:
    folder = tmp_path_factory.mktemp("hub") / "data"
    folder.mkdir()
    running = RunningHub(folder, {"SIMPUL_CONFIG": str(write_configuration(folder, city_urls))}).start()
    for code in city_urls:
        wait_for(running, code, lambda source: source["state"] == "UP" and source["lastSuccessAt"] is not None)
    yield running
    running.stop()


def write_configuration(folder: Path, urls: dict[str, str]) -> Path:
    common = f"poll_seconds = {POLL_SECONDS}\ntimeout_seconds = {TIME_LIMIT}\nread_timeout_seconds = {TIME_LIMIT}\n"
    text = f"""
[sources.peta_jakarta]
base_url = "{urls["peta_jakarta"]}"
backfill_days = 1
{common}
[sources.qlue]
base_url = "{urls["qlue"]}"
{common}
[sources.lapor]
base_url = "{urls["lapor"]}"
profile = "csv"
export = "{urls["lapor"]}/export/tickets.csv"
{common}
"""
    path = folder / "simpul.toml"
    path.write_text(text)
    return path


def wait_for(hub: RunningHub, code: str, holds: Any, seconds: float = 60) -> dict[str, Any]:
    """Watches the subscription `sources` until a source is as wanted."""
    with Subscriber(hub.socket_url, WATCH) as watching:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            source: dict[str, Any] = next(each for each in hub.data(SOURCES)["sources"] if each["code"] == code)
            if holds(source):
                return source
            watching.next(seconds)
    raise AssertionError(f"{code} stayed {source}")


@pytest.mark.slow
@pytest.mark.parametrize("code", ["peta_jakarta", "qlue", "lapor"])
@pytest.mark.parametrize(
    ("fault", "errors"),
    [
        ("stopped", {"The source refused the connection.", "The source's answer broke off."}),
        ("hang", {"The source did not answer in time."}),
        ("500", {"The source answered that it has an error of its own."}),
        ("html", {"The source's answer could not be understood."}),
        ("half", {"The source's answer broke off."}),
        ("huge", {"The source's answer was larger than the limit."}),
    ],
)
def test_a_fault_is_told_queries_go_on_and_it_mends(
    hub: RunningHub, city_urls: dict[str, str], code: str, fault: str, errors: set[str]
) -> None:
    control = f"{city_urls[code]}/_control"
    httpx.post(control, json={"fault": fault})
    try:
        slowest = 0.0
        with Subscriber(hub.socket_url, WATCH) as watching:
            told: dict[str, Any] = {}
            while told.get("code") != code or told.get("state") == "UP":
                begun = time.monotonic()
                assert hub.data("{ reports(first: 5) { nodes { code } } sources { code } }")["reports"]["nodes"]
                slowest = max(slowest, time.monotonic() - begun)
                told = watching.next(30)["sources"]
        assert told["lastError"] in errors
        assert slowest < TIME_LIMIT, f"a query took {slowest:.2f} s while {code} was at fault"
    finally:
        httpx.post(control, json={"fault": "none"})
    hub.data(SYNC, {"source": code}, role="admin")
    assert wait_for(hub, code, lambda source: source["state"] == "UP")["lastError"] is None
