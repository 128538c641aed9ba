"""Settings that are set to nothing, written in another way, or too large, as operators and their tools hand them on."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from connectors.errors import SettingsWrong
from connectors.registry import build
from server import app
from tests.connector_samples import SECRET
from transport.settings.configuration import MOST_WORKERS, PREFIX, Settings, WrongSetting
from transport.settings.loading import load_settings

NAMES = [name for name in Settings.model_fields if name != "sources"]


@pytest.mark.parametrize("name", NAMES)
def test_an_empty_one_counts_as_not_set(name: str, tmp_path: Path) -> None:
    (tmp_path / "simpul.toml").write_text(f'{name} = ""')
    usual = load_settings({})
    assert load_settings({PREFIX + name.upper(): ""}) == usual
    assert load_settings({}, tmp_path / "simpul.toml") == usual


def test_an_empty_variable_leaves_what_the_file_says(tmp_path: Path) -> None:
    (tmp_path / "simpul.toml").write_text("workers = 3")
    told = load_settings({"SIMPUL_WORKERS": "", "SIMPUL_CONFIG": str(tmp_path / "simpul.toml")})
    assert told.workers == 3
    assert load_settings({"SIMPUL_CONFIG": ""}) == load_settings({})


def test_an_empty_one_that_there_is_not_is_refused_all_the_same(tmp_path: Path) -> None:
    (tmp_path / "simpul.toml").write_text('prot = ""')
    for environment, file, words in (
        ({"SIMPUL_PROT": ""}, None, "no setting SIMPUL_PROT. Do you mean SIMPUL_PORT"),
        ({}, tmp_path / "simpul.toml", "no setting prot. Do you mean port"),
    ):
        with pytest.raises(WrongSetting, match=words):
            load_settings(environment, file)


@pytest.mark.parametrize(
    ("name", "told", "meant"),
    [
        ("sqlite_synchronous", "FULL", "full"),
        ("sqlite_synchronous", "Normal", "normal"),
        ("log_level", "WARNING", "warning"),
        ("only_trusted_documents", "TRUE", True),
        ("join_queries", "Off", False),
    ],
)
def test_words_are_taken_in_any_case(name: str, told: str, meant: object) -> None:
    assert getattr(load_settings({PREFIX + name.upper(): told}), name) == meant


@pytest.mark.parametrize("many", [str(MOST_WORKERS + 1), "100000000000", "0"])
def test_more_processes_than_may_be_are_refused_before_anything_starts(many: str) -> None:
    with pytest.raises(WrongSetting, match=f"SIMPUL_WORKERS .* (less|greater) than or equal to ({MOST_WORKERS}|1)"):
        load_settings({"SIMPUL_WORKERS": many})
    done = CliRunner().invoke(app, ["serve", "--workers", many])
    assert done.exit_code == 2 and "--workers" in done.output and f"{MOST_WORKERS if int(many) else 1}" in done.output


@pytest.mark.parametrize(
    ("name", "words"), [("WORKERS", "must be a whole number"), ("JOIN_QUERIES", "must be true or false")]
)
def test_a_value_of_another_kind_is_told_what_is_wanted(name: str, words: str) -> None:
    with pytest.raises(WrongSetting, match=f"SIMPUL_{name} .* is wrong: {words}"):
        load_settings({f"SIMPUL_{name}": "some"})


@pytest.mark.parametrize("told", ["https://hub.example", "http://10.0.0.1:8000/", "https://kota.example/simpul"])
def test_a_public_address_is_one_of_the_web(told: str) -> None:
    assert load_settings({"SIMPUL_PUBLIC_URL": told}).address() == told.rstrip("/")


@pytest.mark.parametrize(
    "told",
    [
        *("hub.example", "hub.example:8000", "//hub.example", "ftp://hub.example", "https://", "https://h.example:0"),
        *("https://hub.example:many", "https://hub.example?a=1", "https://hub.example/#top", "https://hub .example"),
    ],
)
def test_one_that_no_photo_can_be_fetched_from_is_refused(told: str) -> None:
    with pytest.raises(WrongSetting, match=r"SIMPUL_PUBLIC_URL .* an http or https address such as https://"):
        load_settings({"SIMPUL_PUBLIC_URL": told})


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('[source.x]\nkind = "qlue"', "There is no setting source. Do you mean sources?"),
        ("sources = 3", r"The setting sources in the file is wrong: must be a table, such as \[sources.qlue\]"),
        ("[sources]\nx = 3", "The setting sources.x in the file is wrong: must be a table"),
        ('[sources.simpul]\nkind = "qlue"', "simpul is the hub's own source"),
        ("cors_origins = 3", r"cors_origins in the file\) is wrong: must be a list"),
    ],
)
def test_what_is_wrong_with_the_tables_of_the_file_is_told_in_its_terms(tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "simpul.toml").write_text(text)
    with pytest.raises(WrongSetting, match=words):
        load_settings({}, tmp_path / "simpul.toml")


def test_sources_in_the_environment_are_sent_to_the_file() -> None:
    with pytest.raises(WrongSetting, match="SIMPUL_SOURCES is set in the file alone"):
        load_settings({"SIMPUL_SOURCES": "qlue"})


@pytest.mark.parametrize(
    ("told", "words"),
    [
        ({"base_url": "https://q.example", "poll_secs": 3}, r"no setting poll_secs \(do you mean poll_seconds\?\)"),
        ({"base_url": "https://q.example", "zzz": 3}, "there is no setting zzz$"),
        ({}, "^source qlue: base_url must be set"),
        ({"base_url": "q.example"}, "^source qlue: base_url: must be an http or https address"),
    ],
)
def test_what_is_wrong_with_a_source_is_told_in_the_operators_terms(told: dict[str, object], words: str) -> None:
    with pytest.raises(SettingsWrong, match=words):
        build("qlue", told, SECRET)
