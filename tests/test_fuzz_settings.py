"""Settings files and variables of all kinds: in force, or refused in one line that names what is wrong."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.errors import SettingsWrong
from connectors.registry import build, kinds
from tests.connector_samples import SECRET, samples
from tests.fuzzing import NASTY_TEXTS, damaged, disturbed, fuzz, json_values, kept
from transport.settings.configuration import PREFIX, Settings, WrongSetting
from transport.settings.loading import load_settings

SOUND = b"""port = 0
host = "127.0.0.1"
log_level = "info"
cors_origins = ["https://peta.example"]
count_timeout = 1.5
[sources.qlue]
kind = "qlue"
base_url = "https://qlue.example"
"""


def in_force(environment: dict[str, str], file: Path | None = None) -> bool:
    """Whether these settings can be used; those that cannot are told of in one line."""
    try:
        load_settings(environment, file)
    except WrongSetting as refused:
        assert len(str(refused).splitlines()[0]) > 0 and "Traceback" not in str(refused)
        return False
    return True


def test_the_sound_file_is_in_force(tmp_path: Path) -> None:
    (tmp_path / "simpul.toml").write_bytes(SOUND)
    assert in_force({}, tmp_path / "simpul.toml")


@pytest.mark.parametrize("data", kept("settings"))
def test_kept_files(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "simpul.toml").write_bytes(data)
    assert not in_force({}, tmp_path / "simpul.toml")


@fuzz(200)
@given(damaged(st.just(SOUND)))
def test_damaged_files(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    file = tmp_path_factory.getbasetemp() / "damaged.toml"
    file.write_bytes(data)
    in_force({}, file)


VALUES = ["inf", "-inf", "nan", "1e400", "1e308", "-1", "0", "٣", "0x10", "9" * 5_000, "true", "[]", "{}", *NASTY_TEXTS]


@pytest.mark.parametrize("name", [name for name in Settings.model_fields if name != "sources"])
def test_no_variable_takes_what_is_endless_or_no_text(name: str) -> None:
    """A number without end would stop a clock, a NUL the file system; the rest is in force or refused."""
    for value in VALUES:
        in_force({PREFIX + name.upper(): value})
    if Settings.model_fields[name].annotation is float:
        assert not any(in_force({PREFIX + name.upper(): value}) for value in ("inf", "nan", "1e400", "1e308"))


@fuzz(60)
@given(st.dictionaries(st.sampled_from([*Settings.model_fields, "nothing"]), json_values(), max_size=4))
def test_files_of_other_values(tmp_path_factory: pytest.TempPathFactory, told: dict[str, Any]) -> None:
    lines = [
        f"{name} = {json.dumps(value)}"
        for name, value in told.items()
        if not isinstance(value, dict) and value is not None
    ]
    file = tmp_path_factory.getbasetemp() / "values.toml"
    file.write_text("\n".join(lines), encoding="utf-8")
    in_force({}, file)


@pytest.mark.parametrize("kind", sorted(kinds()))
def test_a_source_of_odd_settings_is_refused_by_name(kind: str) -> None:
    sound = [sample.told["settings"] for sample in samples() if sample.kind == kind]

    @fuzz(40)
    @given(st.data())
    def disturb(data: st.DataObject) -> None:
        settings = disturbed(data.draw(st.sampled_from(sound)), data.draw)
        if not isinstance(settings, dict):
            return
        try:
            build(kind, settings, SECRET)
        except SettingsWrong as refused:
            assert str(refused)

    disturb()
