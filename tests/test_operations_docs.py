"""docs/operations.md lists every setting and every command, and none that is not there."""

import re
from pathlib import Path

import typer.main

from transport.settings.configuration import Settings
from transport.settings.loading import CONFIG_VARIABLE

GUIDE = (Path(__file__).parent.parent / "docs" / "operations.md").read_text()


def test_every_setting_has_a_line_and_no_other_is_told() -> None:
    told = set(re.findall(r"^\| `SIMPUL_([A-Z_]+)`", GUIDE, re.MULTILINE))
    assert told == {name.upper() for name in Settings.model_fields}


def test_the_defaults_are_those_of_the_code() -> None:
    told = dict(re.findall(r"^\| `SIMPUL_([A-Z_]+)` \| `([^`]+)`", GUIDE, re.MULTILINE))
    for name, default in told.items():
        known = f"{Settings.model_fields[name.lower()].default}".removesuffix(".0")
        assert default.removeprefix("./").lower() == known.lower(), name


def test_no_setting_is_named_that_does_not_exist() -> None:
    named = set(re.findall(r"SIMPUL_[A-Z_]+", GUIDE)) - {CONFIG_VARIABLE}
    assert {name.removeprefix("SIMPUL_").lower() for name in named} <= Settings.model_fields.keys()


def test_every_command_has_a_line() -> None:
    from server import app

    names = set(typer.main.get_command(app).commands)
    assert names == set(re.findall(r"^\| `server\.py ([a-z]+)", GUIDE, re.MULTILINE))
