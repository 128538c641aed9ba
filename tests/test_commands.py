"""The operator's commands, beside a hub that serves and on a data folder of their own."""

import gc
import os
import signal
import sqlite3
import subprocess
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from server import app
from tests import postgres
from tests.conftest import seeded_postgres
from tests.running import RunningHub, free_port
from tests.starting import run, start
from transport.commands.command import command as as_command

SUBMIT = """
mutation ($input: SubmitReportInput!) { submitReport(input: $input) { report { code } userErrors { code } } }
"""


def command(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Runs a command to its end, as a process of its own."""
    return run(["server.py", *words], {**os.environ, "SIMPUL_DATA_DIR": str(folder)})


def asked(folder: Path, *words: str, **settings: str) -> Result:
    """Runs a command as an operator does, but in this process: starting one takes longer than the command."""
    wide = {"COLUMNS": "200", "SIMPUL_DATA_DIR": str(folder)}
    return CliRunner().invoke(app, words, env=wide | settings)


def line_of(done: Result) -> bool:
    """Whether it said one line of what is wrong."""
    return len(done.stderr.strip().splitlines()) == 1


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


def test_where_nothing_looked_like_abuse_and_there_is_no_key_the_command_says_so(tmp_path: Path) -> None:
    """In words beside the list, which stays empty for programs."""
    asked(tmp_path, "seed")
    for words, told in (
        (("suspicions",), "Nothing looked like abuse within 7 days."),
        (("keys", "list"), "There are no API keys."),
    ):
        done = asked(tmp_path, *words)
        assert (done.exit_code, done.stdout, done.stderr.strip()) == (0, "", told)


@pytest.mark.parametrize(
    "words",
    [
        ("verify",),
        ("sources",),
        ("suspicions",),
        ("token", "--role", "admin"),
        ("revoke", "--subject", "somebody"),
        ("keys", "list"),
        ("keys", "create", "--name", "x", "--scope", "reports:read", "--agency", "dishub"),
        ("categories", "sensitive", "flood"),
    ],
    ids=" ".join,
)
def test_where_no_hub_has_been_a_command_says_so_and_leaves_nothing(tmp_path: Path, words: tuple[str, ...]) -> None:
    """A folder that was mistyped would look like a hub that is well."""
    done = asked(tmp_path / "mistyped", *words)
    assert (done.exit_code, done.stdout) == (1, "")
    assert done.stderr.startswith(f"There is no hub's data in {tmp_path / 'mistyped'}:") and line_of(done)
    assert list(tmp_path.iterdir()) == []


def test_nor_are_tables_made_in_an_empty_database(tmp_path: Path) -> None:
    url = postgres.fresh_database("empty")
    for _ in range(2):  # the second time it would be a hub
        done = asked(tmp_path, "verify", SIMPUL_DATABASE_URL=url)
        assert (done.exit_code, done.stdout) == (1, "")
        assert done.stderr.startswith(f"There is no hub's data in {url}:") and line_of(done)
    assert asked(tmp_path, "migrate", SIMPUL_DATABASE_URL=url).exit_code == 0
    assert asked(tmp_path, "verify", SIMPUL_DATABASE_URL=url).exit_code == 0
    postgres.drop_database(url)


@pytest.mark.parametrize("word", ["migrate", "seed"])
def test_commands_that_begin_a_hub_do(tmp_path: Path, word: str) -> None:
    assert asked(tmp_path / "new", word).exit_code == 0
    assert asked(tmp_path / "new", "verify").stdout == "The event log verifies: 0 entries.\n"


def test_the_worker_alone_is_refused_on_sqlite(shared_hub: RunningHub, tmp_path: Path) -> None:
    """It would be a second process that writes the database, and read the sources a second time."""
    for folder in (shared_hub.folder, tmp_path / "new"):
        done = command(folder, "worker")
        assert (done.returncode, done.stdout) == (1, "")
        assert "set SIMPUL_DATABASE_URL" in done.stderr and len(done.stderr.splitlines()) == 1
    assert list(tmp_path.iterdir()) == []


def test_a_worker_with_other_sources_or_none_leaves_those_that_it_lacks_disabled(tmp_path: Path) -> None:
    url = postgres.copy_database(seeded_postgres())
    tables = [f'[sources.{code}]\nkind = "qlue"\nbase_url = "http://127.0.0.1:1"\n' for code in ("satu", "dua")]
    settings = {"SIMPUL_DATABASE_URL": url, "SIMPUL_CONFIG": str(tmp_path / "simpul.toml")}
    listed = []
    for table in (*tables, ""):
        (tmp_path / "simpul.toml").write_text(table)
        with start(["server.py", "worker"], {**os.environ, **settings, "SIMPUL_DATA_DIR": str(tmp_path)}) as worker:
            assert worker.stdout is not None and worker.stdout.readline() == b"The worker is at work.\n"
            worker.send_signal(signal.SIGTERM)
            assert worker.wait(30) == 0
        listed.append(dict(line.split()[:2] for line in asked(tmp_path, "sources", **settings).stdout.splitlines()))
    postgres.drop_database(url)
    _, other, none = listed
    assert other["satu"] == "DISABLED" and other["dua"] != "DISABLED"
    assert none["satu"] == none["dua"] == "DISABLED"


def test_a_database_that_is_down_is_told_as_it_was_set(tmp_path: Path) -> None:
    done = asked(tmp_path, "verify", SIMPUL_DATABASE_URL=f"postgresql://hub:secret@127.0.0.1:{free_port()}/simpul")
    assert done.exit_code == 1 and line_of(done)
    assert done.stderr.startswith("The database postgresql://hub:***@127.0.0.1:")
    assert "asyncpg" not in done.stderr and "secret" not in done.stderr


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("token", "--role", "boss"), "Invalid value for '--role': 'boss' is not one of"),
        (("token", "--role", "citizen", "--agency", "dishub"), "a citizen has no agency"),
        (("keys", "create", "--name", "x", "--scope", "x"), "Invalid value for '--scope': 'x' is not one of"),
        (
            ("keys", "create", "--name", "x", "--scope", "reports:read", "--agency", "dishub", "--partner", "acme"),
            "give --agency or --partner, not both",
        ),
        (("keys", "rotate"), "'cursors|tokens'"),
        (("revoke", "--issued-before", "yesterday"), "such as 2026-01-31T18:00:00+07:00"),
        (("revoke", "--issued-before", "2026-01-31T18:00:00"), "must be a moment with its offset"),
    ],
)
def test_what_is_wrong_with_an_option_is_told_in_the_operators_terms(
    shared_hub: RunningHub, words: tuple[str, ...], told: str
) -> None:
    done = asked(shared_hub.folder, *words)
    assert done.exit_code == 2 and told in done.stderr
    assert "Value error" not in done.stderr and "%" not in done.stderr


def test_an_id_that_no_key_has_is_told_of(shared_hub: RunningHub) -> None:
    """One that was mistyped would look revoked. It may be a token's, which the hub does not know."""
    assert asked(shared_hub.folder, "revoke", "--token", "xyz").stdout.startswith("No API key has this id.")


def test_a_file_of_boundaries_that_is_none_is_told_in_a_sentence(shared_hub: RunningHub, tmp_path: Path) -> None:
    (tmp_path / "none.geojson").write_text("none")
    done = asked(shared_hub.folder, "areas", "import", str(tmp_path / "none.geojson"))
    assert done.exit_code == 1 and done.stderr.startswith("Nothing was imported: the file is not JSON: ")


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
