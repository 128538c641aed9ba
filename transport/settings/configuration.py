"""Every setting of the hub, with its bounds and a sound default. loading.py fills them.

docs/operations.md lists them all, and a test holds it to this file.
"""

import os
import re
from ipaddress import ip_network
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from pydantic import ConfigDict, Field, SecretStr, field_validator

from resolvers.context import HubSettings
from storage.photos.bucket_address import BucketAddress, parse_bucket
from storage.seeding import HUB_SOURCE
from transport.settings.door_limits import DoorSettings
from transport.settings.issuer import IssuerSettings
from transport.settings.limits import LimitSettings

PREFIX = "SIMPUL_"
MOST_WORKERS = 64
_DOOR = DoorSettings()
_LARGEST = 1_000_000_000
"""Of numbers with a fraction, most of them seconds: thirty years. No clock of ours takes what is endless."""
_ORIGIN = re.compile(r"https?://([a-z0-9._-]+|\[[0-9a-f:.]+\])(:[0-9]{1,5})?")
"""As browsers write an origin: in small letters, without a path, and without the port that goes without saying."""


class WrongSetting(Exception):
    """A setting that cannot be used; one line that says which, why, and how to mend it."""


class Settings(LimitSettings, IssuerSettings):
    """The settings. Durations are seconds, sizes bytes. Each is `SIMPUL_` and its name in capitals in the environment."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    host: str = Field("127.0.0.1", description="The address to listen on. 0.0.0.0 opens the hub to the network.")
    port: int = Field(8000, ge=0, le=65_535, description="The port to listen on; 0 takes a free one.")
    workers: int = Field(
        1,
        ge=1,
        le=MOST_WORKERS,
        description="Processes that serve, over one store and one port: at most as many as there are cores.",
    )
    hang_seconds: float = Field(
        60.0,
        ge=0,
        description="After how long without a sign one of several processes is ended and replaced; 0: never.",
    )
    data_dir: Path = Field(Path("data"), description="The folder of the embedded database and the photos.")
    database_url: str = Field(
        "", description="A PostgreSQL address (postgresql://user:password@host/name); empty: SQLite in the data folder."
    )
    sqlite_synchronous: str = Field(
        "full", description="What a commit on SQLite survives: full, a power cut; normal, only a crash of the hub."
    )
    photos_url: str = Field(
        "", description="A bucket that speaks S3 (https://HOST/BUCKET/PREFIX?region=REGION); empty: in the data folder."
    )
    photos_access_key: str = Field("", description="The name of the key to that bucket.")
    photos_secret_key: SecretStr = Field(SecretStr(""), description="The secret of the key to that bucket.")
    photos_secret_key_file: Path | None = Field(None, description="A file that has the secret, instead.")
    photos_timeout: float = Field(
        10.0, gt=0, le=60, description="How long the bucket may leave one request unanswered."
    )
    public_url: str = Field(
        "", description="How clients reach the hub, for photos' addresses; empty: made of host and port."
    )
    log_level: str = Field("info", description="debug, info, warning or error.")
    cors_origins: list[str] = Field(
        [], description="Origins of other sites whose pages may query the hub, comma-separated; none by default."
    )
    trusted_proxies: list[str] = Field(
        [], description="Addresses and networks of balancers whose X-Forwarded-For is believed, comma-separated."
    )
    count_timeout: float = Field(2.0, gt=0, le=60, description="How long one count may take before it is given up.")
    anonymous_reports_per_hour: int = Field(
        30, ge=1, description="Reports that one address may submit within an hour without signing in."
    )
    anonymous_acts_per_minute: int = Field(
        60, ge=1, description="Other mutations that one address may make within a minute without signing in."
    )
    photos_waiting_per_client: int = Field(
        40, ge=5, description="Photos of one client that may wait to be made safe; with more a report is refused."
    )
    code_lookups_per_minute: int = Field(
        60, ge=1, description="Look-ups by tracking code that one viewer may make within a minute."
    )
    body_bytes: int = Field(_DOOR.body_bytes, ge=1_000, description="The most that a request's JSON may have.")
    body_seconds: float = Field(
        _DOOR.body_seconds, gt=0, le=3_600, description="How long a request may leave its body unfinished."
    )
    batch_operations: int = Field(
        _DOOR.batch_operations, ge=1, le=1_000, description="Operations that one request may bring; 1: no batches."
    )
    answer_seconds: float = Field(
        _DOOR.answer_seconds, ge=0, le=60, description="How long what nobody in particular was told may be told again."
    )
    join_queries: bool = Field(
        _DOOR.join_queries, description="Whether equal queries that are asked at the same time share one execution."
    )
    documents_dir: Path | None = Field(None, description="A folder of trusted GraphQL documents.")
    only_trusted_documents: bool = Field(False, description="Whether documents that are not trusted are refused.")

    operations_per_socket: int = Field(
        _DOOR.operations_per_socket, ge=1, description="Operations that one WebSocket may have open."
    )
    init_seconds: float = Field(
        _DOOR.init_seconds, gt=0, description="How long a WebSocket may take to introduce itself."
    )
    ping_seconds: float = Field(
        _DOOR.ping_seconds, gt=0, description="How often subscribers are told how far they are."
    )
    sockets_per_client: int = Field(
        _DOOR.sockets_per_client, ge=1, description="WebSockets that one address may have open."
    )
    streams_per_client: int = Field(
        _DOOR.streams_per_client, ge=1, description="Event streams that one address may have open."
    )
    idle_seconds: float = Field(
        _DOOR.idle_seconds, gt=0, description="How long a WebSocket may stay on which nothing runs."
    )
    expiry_warning_seconds: float = Field(
        _DOOR.expiry_warning_seconds, ge=0, description="How long before its token runs out a subscriber is told."
    )
    lag_bytes: int = Field(
        _DOOR.lag_bytes, ge=4_096, description="Bytes that a reader may leave waiting before he lags behind."
    )
    lag_seconds: float = Field(
        _DOOR.lag_seconds, gt=0, description="How long a reader may lag behind before he is cut off."
    )
    head_bytes: int = Field(
        _DOOR.head_bytes, ge=1_024, description="The most that a request's address and headers may have."
    )
    head_seconds: float = Field(_DOOR.head_seconds, gt=0, description="How long a request's head may take to come in.")
    lapor_source: str = Field("lapor", description="The code of the source that reports are forwarded to as LAPOR.")
    sources: dict[str, dict[str, Any]] = Field(
        {}, description="The outside systems, a table each: [sources.CODE] with kind and that connector's settings."
    )

    @field_validator("cors_origins", "trusted_proxies", mode="before")
    @classmethod
    def _split_list(cls, value: object) -> object:
        return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value

    @field_validator("trusted_proxies")
    @classmethod
    def _known_networks(cls, value: list[str]) -> list[str]:
        for each in value:
            try:
                ip_network(each)
            except ValueError:
                raise ValueError(f"{each} is neither an address nor a network such as 10.0.0.0/8") from None
        return value

    @field_validator("cors_origins")
    @classmethod
    def _exact_origins(cls, value: list[str]) -> list[str]:
        for each in value:
            if each != "*" and not _ORIGIN.fullmatch(each):
                raise ValueError(f"{each} is no origin such as https://peta.example:8443, with nothing after it")
        if "*" in value and len(value) > 1:
            raise ValueError("* lets all sites in, so it must stand alone")
        return value

    @field_validator("*")
    @classmethod
    def _of_this_world(cls, value: object) -> object:
        if isinstance(value, float) and not value <= _LARGEST:
            raise ValueError(f"must be {_LARGEST:,} at most")
        if isinstance(value, str | Path) and "\0" in str(value):
            raise ValueError("must be a text without NUL")
        return value

    @field_validator("log_level", "sqlite_synchronous", mode="before")
    @classmethod
    def _in_small_letters(cls, value: object) -> object:
        return value.strip().lower() if isinstance(value, str) else value

    @field_validator("log_level")
    @classmethod
    def _known_level(cls, value: str) -> str:
        if value not in ("debug", "info", "warning", "error"):
            raise ValueError("must be debug, info, warning or error")
        return value

    @field_validator("sqlite_synchronous")
    @classmethod
    def _known_durability(cls, value: str) -> str:
        if value not in ("full", "normal"):
            raise ValueError("must be full or normal")
        return value

    @field_validator("database_url")
    @classmethod
    def _known_database(cls, value: str) -> str:
        if value and value.partition(":")[0].partition("+")[0] not in ("sqlite", "postgresql", "postgres"):
            raise ValueError("must begin with postgresql:// (or be empty for SQLite in the data folder)")
        return value

    @field_validator("photos_url")
    @classmethod
    def _known_bucket(cls, value: str) -> str:
        if value:
            parse_bucket(value)
        return value

    @field_validator("hang_seconds")
    @classmethod
    def _not_a_moment(cls, value: float) -> float:
        if 0 < value < 1:
            raise ValueError("must be 0, or 1 or more: the hub's own steps may take tenths of a second")
        return value

    @field_validator("public_url")
    @classmethod
    def _web_address(cls, value: str) -> str:
        if value and not _is_web_address(value):
            raise ValueError("must be an http or https address such as https://hub.example, without a query")
        return value

    @field_validator("sources")
    @classmethod
    def _not_the_hubs_own(cls, value: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
        if HUB_SOURCE in value:
            raise ValueError(
                f"{HUB_SOURCE} is the hub's own source, so the table [sources.{HUB_SOURCE}] needs another code"
            )
        return value

    @property
    def store_url(self) -> str:
        """The address of the store in use."""
        return self.database_url or f"sqlite:///{self.data_dir / 'simpul.db'}"

    @property
    def embedded_file(self) -> Path | None:
        """Where SQLite keeps the store; None where PostgreSQL does."""
        scheme, _, path = self.store_url.partition("///")
        return Path(path) if scheme.startswith("sqlite") else None

    @property
    def photo_dir(self) -> Path:
        """Where photos lie."""
        return self.data_dir / "photos"

    @property
    def photo_bucket(self) -> BucketAddress | None:
        """The bucket that photos lie in, with the keys to it; None: in the data folder. Raises WrongSetting."""
        if not self.photos_url:
            return None
        secret = self.photos_secret_key.get_secret_value() or _secret_in(self.photos_secret_key_file)
        if not self.photos_access_key or not secret:
            raise WrongSetting(
                f"The setting {PREFIX}PHOTOS_URL needs a key: set {PREFIX}PHOTOS_ACCESS_KEY, and"
                f" {PREFIX}PHOTOS_SECRET_KEY or {PREFIX}PHOTOS_SECRET_KEY_FILE. See docs/operations.md."
            )
        return parse_bucket(self.photos_url, self.photos_access_key, secret, self.photos_timeout)

    def address(self, port: int | None = None) -> str:
        """How clients reach the hub, without a slash at the end."""
        shown = "127.0.0.1" if self.host in ("0.0.0.0", "::") else self.host
        return (self.public_url or f"http://{shown}:{port or self.port}").rstrip("/")

    def for_resolvers(self, address: str, processes: int = 1) -> HubSettings:
        """What resolvers need of the settings; `address` is how clients reach the hub, which so many processes serve."""
        return HubSettings(
            public_url=address,
            count_timeout=self.count_timeout,
            anonymous_reports_per_hour=self.anonymous_reports_per_hour,
            anonymous_acts_per_minute=self.anonymous_acts_per_minute,
            code_lookups_per_minute=self.code_lookups_per_minute,
            photos_waiting_per_client=self.photos_waiting_per_client,
            lapor_source=self.lapor_source if self.lapor_source in self.sources else None,
            photos_at_once=max(1, min(4, os.cpu_count() or 1) // processes),
        )

    def for_door(self) -> DoorSettings:
        """What the door needs of the settings."""
        return DoorSettings(
            body_bytes=self.body_bytes,
            body_seconds=self.body_seconds,
            batch_operations=self.batch_operations,
            answer_seconds=self.answer_seconds,
            join_queries=self.join_queries,
            operations_per_socket=self.operations_per_socket,
            init_seconds=self.init_seconds,
            ping_seconds=self.ping_seconds,
            sockets_per_client=self.sockets_per_client,
            streams_per_client=self.streams_per_client,
            idle_seconds=self.idle_seconds,
            expiry_warning_seconds=self.expiry_warning_seconds,
            lag_bytes=self.lag_bytes,
            lag_seconds=self.lag_seconds,
            head_bytes=self.head_bytes,
            head_seconds=self.head_seconds,
            origins=(*self.cors_origins, *([self.public_url] if self.public_url else [])),
            trusted_proxies=tuple(self.trusted_proxies),
            upload_bytes=self.upload_bytes,
            upload_count=self.upload_count,
            multipart_bytes=self.multipart_bytes,
            cost_bucket=self.cost_bucket,
            cost_per_second=self.cost_per_second,
            trusted_cost_bucket=self.trusted_cost_bucket,
            trusted_cost_per_second=self.trusted_cost_per_second,
            cost_at_once=self.cost_at_once,
        )


def _is_web_address(value: str) -> bool:
    """Whether photos' addresses can be made of it by adding a path."""
    try:
        parts = urlsplit(value)
        known = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False
    return known and not {*"?#@"} & {*value} and not any(letter.isspace() for letter in value)


def _secret_in(file: Path | None) -> str:
    """What a file of a secret has, without the line's end. Raises WrongSetting."""
    if file is None or file == Path():  # set, but empty
        return ""
    try:
        return file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise WrongSetting(f"The file of a secret, {file}, cannot be read: mend the setting that names it.") from error
