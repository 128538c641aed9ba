"""The settings that every source has. A connector's own settings extend these; docs/connectors.md lists them all."""

from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, field_validator

from connectors.values import is_web_address


class SourceConfig(BaseModel):
    """Settings of one source. Unknown names are refused, so that a misspelt one is noticed."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    base_url: str = Field("", description="Where the system answers, without the path of any one endpoint.")
    profile: str = Field(description="Which dialect of the system is spoken there.")
    enabled: bool = Field(True, description="False keeps what was brought and stops asking.")
    poll_seconds: float = Field(
        60, ge=0.05, le=7 * 86_400, description="Seconds from the start of one run to the next."
    )
    connect_timeout_seconds: float = Field(5, gt=0, le=60, description="How long a connection may take to open.")
    read_timeout_seconds: float = Field(10, gt=0, le=300, description="How long the source may be silent in an answer.")
    timeout_seconds: float = Field(20, gt=0, le=600, description="How long one whole answer may take.")
    max_megabytes: float = Field(8, gt=0, le=256, description="An answer larger than this is cut off and refused.")
    proxy: str | None = Field(None, description="An HTTP proxy to go through; the environment's proxies are not used.")

    @field_validator("base_url")
    @classmethod
    def _base_url_is_an_address(cls, value: str) -> str:
        if value and not is_web_address(value):
            raise ValueError("must be an http or https address, such as https://data.petabencana.id")
        if urlsplit(value).query or urlsplit(value).fragment:
            raise ValueError("must have neither a query nor a fragment")
        return value.rstrip("/")

    @property
    def max_bytes(self) -> int:
        """The limit of one answer in bytes."""
        return int(self.max_megabytes * 1_000_000)
