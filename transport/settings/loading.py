"""Where the settings come from: `SIMPUL_*` environment variables, over a TOML file, over the defaults.

An empty text counts as not set, in either: programs that start others often hand on names that have no value.
"""

import os
import tomllib
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from domain.wrong_settings import likely_meant, plain
from transport.settings.configuration import PREFIX, Settings, WrongSetting

CONFIG_VARIABLE = "SIMPUL_CONFIG"
DEFAULT_FILE = Path("simpul.toml")


def load_settings(environment: Mapping[str, str] | None = None, file: Path | None = None) -> Settings:
    """The settings in force. Raises WrongSetting for an unknown name, a wrong value, or a file that cannot be read."""
    environment = os.environ if environment is None else environment
    told = _from_file(file or _file_named(environment))
    told = {name: value for name, value in told.items() if value != "" or name not in Settings.model_fields}
    told |= _from_environment(environment)
    try:
        return Settings(**told)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise WrongSetting(_wrong(first["loc"], first["type"], first["msg"])) from error


def _file_named(environment: Mapping[str, str]) -> Path | None:
    if environment.get(CONFIG_VARIABLE):
        return Path(environment[CONFIG_VARIABLE])
    return DEFAULT_FILE if DEFAULT_FILE.exists() else None


def _from_file(file: Path | None) -> dict[str, Any]:
    if file is None:
        return {}
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise WrongSetting(
            f"The settings file {file} cannot be read ({error.strerror}): mend {CONFIG_VARIABLE}."
        ) from error
    except RecursionError as error:
        raise WrongSetting(f"The settings file {file} is nested too deeply.") from error
    except ValueError as error:  # TOML's own faults, letters that are none, and numbers of thousands of digits
        raise WrongSetting(f"The settings file {file} is not TOML: {error}.") from error


def _from_environment(environment: Mapping[str, str]) -> dict[str, Any]:
    told: dict[str, Any] = {}
    for variable, value in environment.items():
        if not variable.startswith(PREFIX) or variable == CONFIG_VARIABLE:
            continue
        name = variable.removeprefix(PREFIX).lower()
        if name == "sources":
            raise WrongSetting(f"{variable} is set in the file alone, a table for each source. See docs/operations.md.")
        if name not in Settings.model_fields:
            others = [field for field in Settings.model_fields if field != "sources"]
            raise WrongSetting(_unknown(name, others, lambda field: PREFIX + field.upper()))
        if value:
            told[name] = value
    return told


def _wrong(place: tuple[int | str, ...], kind: str, message: str) -> str:
    """What is wrong with the settings, from pydantic's words for it and where it was found."""
    name = ".".join(str(part) for part in place)[:80]
    if kind == "extra_forbidden" and len(place) == 1:
        return _unknown(name, Settings.model_fields, str)
    if place[:1] == ("sources",):
        told = "must be a table, such as [sources.qlue]" if kind == "dict_type" else plain(kind, message)
        return f"The setting {name} in the file is wrong: {told}. See docs/operations.md."
    told = plain(kind, message)
    return f"The setting {PREFIX}{name.upper()} (or {name} in the file) is wrong: {told}. See docs/operations.md."


def _unknown(name: str, names: Iterable[str], spelt: Callable[[str], str]) -> str:
    """What is wrong with a name that no setting has, as the environment or the file spells names."""
    near = likely_meant(name, names)
    meant = f" Do you mean {' or '.join(map(spelt, near))}?" if near else ""
    return f"There is no setting {spelt(name)}.{meant} docs/operations.md has them all."
