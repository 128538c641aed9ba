"""Every setting of the hub: `SIMPUL_*` environment variables, over a TOML file, over sound defaults.

docs/operations.md lists them all, and a test holds it to this file.
"""

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from resolvers.context import HubSettings
from transport.settings import DoorSettings

PREFIX = "SIMPUL_"
CONFIG_VARIABLE = "SIMPUL_CONFIG"
DEFAULT_FILE = Path("simpul.toml")


class WrongSetting(Exception):
    """A setting that cannot be used; one line that says which, why, and how to mend it."""


class Settings(BaseModel):
    """The settings. Durations are seconds, sizes bytes. Each is `SIMPUL_` and its name in capitals in the environment."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    host: str = Field("127.0.0.1", description="The address to listen on. 0.0.0.0 opens the hub to the network.")
    port: int = Field(8000, ge=0, le=65_535, description="The port to listen on; 0 takes a free one.")
    data_dir: Path = Field(Path("data"), description="The folder of the embedded database and the photos.")
    database_url: str = Field(
        "", description="A PostgreSQL address (postgresql://user:password@host/name); empty: SQLite in the data folder."
    )
    public_url: str = Field(
        "", description="How clients reach the hub, for photos' addresses; empty: made of host and port."
    )
    log_level: str = Field("info", description="debug, info, warning or error.")
    cors_origins: list[str] = Field(
        [], description="Origins of other sites whose pages may query the hub, comma-separated; none by default."
    )
    count_timeout: float = Field(2.0, gt=0, le=60, description="How long one count may take before it is given up.")
    anonymous_reports_per_hour: int = Field(
        30, ge=1, description="Reports that one address may submit within an hour without signing in."
    )
    anonymous_acts_per_minute: int = Field(
        60, ge=1, description="Other mutations that one address may make within a minute without signing in."
    )
    code_lookups_per_minute: int = Field(
        60, ge=1, description="Look-ups by tracking code that one viewer may make within a minute."
    )
    body_bytes: int = Field(1_000_000, ge=1_000, description="The most that a request's JSON may have.")

    operations_per_socket: int = Field(100, ge=1, description="Operations that one WebSocket may have open.")
    init_seconds: float = Field(5.0, gt=0, description="How long a WebSocket may take to introduce itself.")
    ping_seconds: float = Field(10.0, gt=0, description="How often subscribers are told how far they are.")
    lapor_source: str = Field("lapor", description="The code of the source that reports are forwarded to as LAPOR.")
    sources: dict[str, dict[str, Any]] = Field(
        {}, description="The outside systems, a table each: [sources.CODE] with kind and that connector's settings."
    )

    @field_validator("cors_origins", mode="before")
    @classmethod
    def _split_origins(cls, value: object) -> object:
        return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value

    @field_validator("log_level")
    @classmethod
    def _known_level(cls, value: str) -> str:
        if value not in ("debug", "info", "warning", "error"):
            raise ValueError("must be debug, info, warning or error")
        return value

    @field_validator("database_url")
    @classmethod
    def _known_database(cls, value: str) -> str:
        if value and value.partition(":")[0].partition("+")[0] not in ("sqlite", "postgresql", "postgres"):
            raise ValueError("must begin with postgresql:// (or be empty for SQLite in the data folder)")
        return value

    @property
    def store_url(self) -> str:
        """The address of the store in use."""
        return self.database_url or f"sqlite:///{self.data_dir / 'simpul.db'}"

    @property
    def photo_dir(self) -> Path:
        """Where photos lie."""
        return self.data_dir / "photos"

    def address(self, port: int | None = None) -> str:
        """How clients reach the hub, without a slash at the end."""
        shown = "127.0.0.1" if self.host in ("0.0.0.0", "::") else self.host
        return (self.public_url or f"http://{shown}:{port or self.port}").rstrip("/")

    def for_resolvers(self, address: str) -> HubSettings:
        """What resolvers need of the settings; `address` is how clients reach the hub."""
        return HubSettings(
            public_url=address,
            count_timeout=self.count_timeout,
            anonymous_reports_per_hour=self.anonymous_reports_per_hour,
            anonymous_acts_per_minute=self.anonymous_acts_per_minute,
            code_lookups_per_minute=self.code_lookups_per_minute,
            lapor_source=self.lapor_source if self.lapor_source in self.sources else None,
        )

    def for_door(self) -> DoorSettings:
        """What the door needs of the settings."""
        return DoorSettings(
            body_bytes=self.body_bytes,
            operations_per_socket=self.operations_per_socket,
            init_seconds=self.init_seconds,
            ping_seconds=self.ping_seconds,
        )


def load_settings(environment: Mapping[str, str] | None = None, file: Path | None = None) -> Settings:
    """The settings in force. Raises WrongSetting for an unknown name, a wrong value, or a file that cannot be read."""
    environment = os.environ if environment is None else environment
    told = _from_file(file or _file_named(environment))
    told |= _from_environment(environment)
    try:
        return Settings(**told)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        name = ".".join(str(part) for part in first["loc"])
        raise WrongSetting(
            f"The setting {PREFIX}{name.upper()} (or {name} in the file) is wrong: {_plain(first['msg'])}."
            " See docs/operations.md."
        ) from error


def _file_named(environment: Mapping[str, str]) -> Path | None:
    if CONFIG_VARIABLE in environment:
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
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise WrongSetting(f"The settings file {file} is not TOML: {error}.") from error


def _from_environment(environment: Mapping[str, str]) -> dict[str, Any]:
    told: dict[str, Any] = {}
    for variable, value in environment.items():
        if not variable.startswith(PREFIX) or variable == CONFIG_VARIABLE:
            continue
        name = variable.removeprefix(PREFIX).lower()
        if name not in Settings.model_fields or name == "sources":
            near = ", ".join(PREFIX + field.upper() for field in sorted(Settings.model_fields) if field != "sources")
            raise WrongSetting(f"There is no setting {variable}. The settings are: {near}.")
        told[name] = value
    return told


def _plain(message: str) -> str:
    """Pydantic's words as a clause."""
    text = message.removeprefix("Value error, ").rstrip(".")
    return text[:1].lower() + text[1:]
