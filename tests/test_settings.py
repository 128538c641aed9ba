"""Settings that are set to nothing, written in another way, or too large, as operators and their tools hand them on."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from server import app
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
