"""Which connectors there are (those whose folder exists), and how one source is built from its settings."""

import importlib
import re
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

import httpx
from pydantic import SecretBytes, ValidationError

from connectors.base import Connector, Identity, utc_now
from connectors.config import SourceConfig
from connectors.errors import SettingsWrong
from domain.wrong_settings import likely_meant, plain

_FOLDER = Path(__file__).parent
_CODE = re.compile(r"[a-z][a-z0-9_]{0,39}", re.ASCII)
SHORTEST_SECRET = 16
"""Bytes that the secret for people's names must have at least."""


@cache
def kinds() -> tuple[str, ...]:
    """The kinds of source that can be configured: every folder here with a manifest."""
    return tuple(sorted(manifest.parent.name for manifest in _FOLDER.glob("*/manifest.py")))


@cache
def connector_type(kind: str) -> type[Connector[SourceConfig]]:
    """The connector of a kind. Raises SettingsWrong for a kind that has no folder."""
    if kind not in kinds():
        raise SettingsWrong(f"there is no connector called {kind!r}; there are {', '.join(kinds())}")
    found: type[Connector[SourceConfig]] = importlib.import_module(f"connectors.{kind}").CONNECTOR
    return found


def build(
    kind: str,
    settings: Mapping[str, Any],
    secret: bytes,
    *,
    code: str | None = None,
    name: str | None = None,
    transport: httpx.AsyncBaseTransport | None = None,
    clock: Callable[[], datetime] = utc_now,
) -> Connector[SourceConfig]:
    """One source. `code` tells several of a kind apart (default: the kind); `secret` is what people's names are hashed with.

    Raises SettingsWrong, naming every setting that is wrong and no value.
    """
    made = connector_type(kind)
    source = code or kind
    if not _CODE.fullmatch(source):
        raise SettingsWrong(f"a source's code is small letters, digits and _, starting with a letter; not {source!r}")
    if len(secret) < SHORTEST_SECRET:
        raise SettingsWrong(f"the secret for people's names must have at least {SHORTEST_SECRET} bytes")
    identity = Identity(source, name or made.manifest.name, SecretBytes(secret))
    return made(identity, _config(made, source, settings), transport, clock)


def _config(made: type[Connector[SourceConfig]], source: str, settings: Mapping[str, Any]) -> SourceConfig:
    try:
        return made.config_type.model_validate({"poll_seconds": made.manifest.poll_seconds, **settings})
    except ValidationError as fault:
        names = made.config_type.model_fields
        wrong = "; ".join(_told(error["loc"], error["type"], error["msg"], names) for error in fault.errors())
        raise SettingsWrong(f"source {source}: {wrong}") from None


def _told(place: tuple[int | str, ...], kind: str, message: str, names: Iterable[str]) -> str:
    """What is wrong with one setting, from pydantic's words for it and where it was found."""
    name = ".".join(str(part) for part in place)
    if kind == "extra_forbidden" and len(place) == 1:
        near = likely_meant(name, names)
        return f"there is no setting {name}" + (f" (do you mean {' or '.join(near)}?)" if near else "")
    words = plain(kind, message)
    return f"{name}: {words}" if name else words
