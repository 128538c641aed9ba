"""The settings of a LAPOR source. One source may do several things; its profile says which of them it must."""

from typing import Literal

from pydantic import Field, SecretStr, field_validator, model_validator

from connectors.config import SourceConfig
from connectors.values import is_web_address


class LaporConfig(SourceConfig):
    """`base_url` is the host of LAPOR's services; `export` stands alone."""

    profile: Literal["lapor-xml", "csv", "lapor-f01"] = Field(
        "lapor-xml",
        description="lapor-xml needs `token`, csv needs `export`, lapor-f01 needs `key_token`; each may be added to another.",
    )
    poll_seconds: float = Field(
        300, ge=0.05, le=7 * 86_400, description="Seconds from the start of one run to the next."
    )
    token: SecretStr | None = Field(None, description="The GUID of the account that reports are handed on under.")
    key_token: SecretStr | None = Field(None, description="The KEYTOKEN of the f01 services, for the list of topics.")
    export: str | None = Field(
        None, description="A file, or an http(s) address, with tickets as CSV; read again on change."
    )
    export_authorization: SecretStr | None = Field(
        None, description="What is sent as the Authorization header when `export` is an address."
    )
    export_max_megabytes: float = Field(64, gt=0, le=512, description="The limit of the export's size.")
    topics_refresh_seconds: int = Field(86_400, ge=60, description="How often the list of topics is read again.")
    ticket_url: str | None = Field(
        None, description="An address with {id}, for tickets whose export tells none: https://www.lapor.go.id/.../{id}"
    )

    @field_validator("ticket_url")
    @classmethod
    def _ticket_url_has_an_id(cls, value: str | None) -> str | None:
        if value is not None and ("{id}" not in value or not is_web_address(value)):
            raise ValueError("must be an http or https address with {id} in it")
        return value

    @model_validator(mode="after")
    def _has_what_its_profile_needs(self) -> "LaporConfig":
        needed = {"lapor-xml": "token", "csv": "export", "lapor-f01": "key_token"}[self.profile]
        if getattr(self, needed) is None:
            raise ValueError(f"{needed} must be set for the profile {self.profile}")
        if (self.token or self.key_token) and not self.base_url:
            raise ValueError("base_url must be set for token and key_token")
        return self

    @property
    def export_is_address(self) -> bool:
        """Whether the export is fetched over HTTP rather than read from a folder."""
        return self.export is not None and is_web_address(self.export)
