"""The settings of a Peta Jakarta source."""

from typing import Literal

from pydantic import Field, SecretStr, model_validator

from connectors.config import SourceConfig

LONGEST_PERIOD = 18_748_800
"""Seconds: the longest `timeperiod`, and the longest span of the archive, that v3 takes."""


class PetaJakartaConfig(SourceConfig):
    """`base_url` is https://data.petabencana.id (v3), or ends in /banjir/data/api/v2 (v2)."""

    profile: Literal["v3", "v2"] = Field("v3", description="v3: PetaBencana.id today; v2: petajakarta.org until 2017.")
    admin: str = Field("ID-JK", pattern=r"^[A-Z]{2}-[A-Z]{2}$", description="The region asked for; Jakarta is ID-JK.")
    look_back_seconds: int = Field(
        21_600, ge=600, le=604_800, description="v3: how far back each poll reads again, to see late reports and edits."
    )
    backfill_days: int = Field(7, ge=0, le=200, description="v3: how many days of archive a first sync reads; 0: none.")
    archive_window_hours: int = Field(
        24, ge=1, le=5_000, description="v3: how much of the archive one request asks for."
    )
    areas_refresh_seconds: int = Field(
        86_400, ge=60, description="v3: how often the outlines of the flood areas are read again."
    )
    areas_max_megabytes: float = Field(32, gt=0, le=256, description="v3: the limit of the answer with all outlines.")
    submit_key: SecretStr | None = Field(None, description="v3: x-api-key for handing flood reports on; unset: never.")
    submit_city: Literal["jabodetabek", "bandung", "surabaya"] = Field(
        "jabodetabek", description="v3: the city named when a report is handed on."
    )

    @model_validator(mode="after")
    def _needs_an_address(self) -> "PetaJakartaConfig":
        if not self.base_url:
            raise ValueError("base_url must be set, such as https://data.petabencana.id")
        return self
