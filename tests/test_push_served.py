"""What docs/connectors.md tells whoever pushes to the hub is what a hub does that is configured as it says."""

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from connectors.qlue import push as form
from tests.running import ROOT, RunningHub

PAGE = (ROOT / "docs" / "connectors.md").read_text().partition("### Pushing to the hub\n")[2].partition("\n## ")[0]
FORM = {
    "post_id": 1,
    "created_at": "2026-01-31T17:05:00Z",
    "text": "Air masuk rumah",
    "qlue_city": "jabodetabek",
    "disaster_type": "flood",
    "location": {"lat": -6.2216, "lng": 106.8593},
}


def block(language: str) -> str:
    found = re.search(rf"^```{language}\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    assert found is not None
    return found[1]


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningHub]:
    folder: Path = tmp_path_factory.mktemp("hub")
    (folder / "data").mkdir()
    (folder / "simpul.toml").write_text(block("toml"))
    running = RunningHub(folder / "data", {"SIMPUL_CONFIG": str(folder / "simpul.toml")}).start()
    yield running
    running.stop()


def push(hub: RunningHub, told: dict[str, Any], code: str = "qlue", key: str = "a-long-random-key") -> tuple[int, Any]:
    answer = hub.client.post(f"/push/{code}", json=told, headers={"x-api-key": key})
    return answer.status_code, answer.json()


def test_the_example_brings_a_report_when_pasted(hub: RunningHub) -> None:
    command = block("sh").replace("http://127.0.0.1:8000", hub.url)
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout == block("json").strip()
    found = hub.data('{ reportBySourceRef(source: "qlue", sourceRef: "4711") { text reportedAt area { name } } }')
    assert found["reportBySourceRef"] == {
        "text": "Air masuk rumah, setinggi lutut",
        "reportedAt": "2026-01-31T17:05:00.000000Z",
        "area": {"name": "Bukit Duri"},
    }


def test_what_is_known_and_what_is_left_out_are_told_apart(hub: RunningHub) -> None:
    known = {"created": False, "setAside": 0}
    assert push(hub, FORM) == (200, {"created": True, "setAside": 0})
    assert push(hub, FORM) == push(hub, {**FORM, "text": "Sudah surut"}) == (200, known)
    for city in ("bandung", "surabaya"):
        left_out = push(hub, {**FORM, "post_id": 2, "qlue_city": city})
        assert left_out == (200, {**known, "ignored": True})
    assert all(f"`{json.dumps(told, separators=(',', ':'))}`" in PAGE for told in (known, left_out[1]))


def test_refusals_are_as_the_page_has_them(hub: RunningHub) -> None:
    status, told = push(hub, {name: value for name, value in FORM.items() if name != "post_id"})
    assert status == 400 and f"`{json.dumps(told, separators=(',', ':'))}`" in PAGE
    assert push(hub, {**FORM, "post_id": -1})[1]["faults"] == [
        {"path": "post_id", "message": "must be a whole number, 0 or more"}
    ]
    assert push(hub, FORM, key="another")[0] == 401
    assert push(hub, FORM, code="lapor")[0] == 404


def test_the_page_names_every_member_of_the_form() -> None:
    names = re.findall(r"^\| `(\w+)` \|", PAGE, re.MULTILINE)
    assert names == [*form._REQUIRED, *form._OPTIONAL]
    assert all(f"`{city}`" in PAGE for city in form._CITIES)
