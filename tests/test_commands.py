"""The operator's commands, beside a hub that serves and on a data folder of their own."""

import gc
import os
import signal
import sqlite3
import subprocess
from pathlib import Path

from tests.running import RunningHub
from tests.starting import run, start
from transport.commands.command import command as as_command

SUBMIT = """
mutation ($input: SubmitReportInput!) { submitReport(input: $input) { report { code } userErrors { code } } }
"""


def command(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Runs a command to its end, as a process of its own."""
    return run(["server.py", *words], {**os.environ, "SIMPUL_DATA_DIR": str(folder)})


def test_a_token_made_beside_a_serving_hub_is_good_there(shared_hub: RunningHub) -> None:
    token = command(shared_hub.folder, "token", "--role", "dispatcher", "--name", "Rina").stdout.strip()
    told = shared_hub.client.post(
        "/graphql", json={"query": "{ viewer { role displayName } }"}, headers={"Authorization": f"Bearer {token}"}
    ).json()
    assert told["data"]["viewer"] == {"role": "DISPATCHER", "displayName": "Rina"}


def test_serving_shows_no_token_unless_it_is_asked_to(hub_folder: Path) -> None:
    """What it prints is kept, by whoever watches over services."""
    environment = {**os.environ, "SIMPUL_DATA_DIR": str(hub_folder), "SIMPUL_PORT": "0"}
    with start(["server.py", "serve"], environment) as hub:
        assert hub.stdout is not None
        said = ""
        for line_said in hub.stdout:
            said += line_said.decode()
            if b"Ctrl-C" in line_said:
                break
        hub.send_signal(signal.SIGINT)
        said += hub.stdout.read().decode()
    assert "Simpul is ready." in said and "server.py token --role ROLE" in said
    assert "ey" not in {word[:2] for word in said.split()}


def test_sources_are_listed(shared_hub: RunningHub) -> None:
    assert "simpul" in command(shared_hub.folder, "sources").stdout


def test_the_log_is_proved_and_a_change_in_it_is_found(hub_folder: Path) -> None:
    hub = RunningHub(hub_folder).start()
    place = {"latitude": -6.2088, "longitude": 106.8501}
    for text in ("Satu", "Dua", "Tiga"):
        hub.data(SUBMIT, {"input": {"text": text, "category": "flood", "location": place}})
    hub.stop()
    assert command(hub_folder, "verify").stdout == "The event log verifies: 3 entries.\n"
    with sqlite3.connect(hub_folder / "simpul.db") as database:
        database.execute("UPDATE events SET status = 'CLOSED' WHERE seq = 2")
    database.close()
    found = command(hub_folder, "verify")
    assert found.returncode == 1 and "at 1 of 3 entries: 2" in found.stderr


def test_what_looked_like_abuse_is_listed(hub_folder: Path) -> None:
    hub = RunningHub(hub_folder, {"SIMPUL_ANONYMOUS_REPORTS_PER_HOUR": "1"}).start()
    given = {"input": {"text": "Banjir", "category": "flood", "area": "31.74.01.1001"}}
    answers = [hub.ask(SUBMIT, given) for _ in range(3)]
    hub.stop()
    assert answers[-1]["errors"][0]["extensions"]["code"] == "RATE_LIMITED"
    assert command(hub_folder, "suspicions").stdout.strip() != ""


def test_a_command_that_goes_on_for_weeks_lets_go_of_what_is_dead() -> None:
    """The collector is off while the hub's code is imported, and must not stay so."""
    seen: list[bool] = []

    @as_command
    async def asked() -> None:
        seen.append(gc.isenabled())

    gc.disable()
    try:
        asked()
    finally:
        gc.enable()
    assert seen == [True]
