"""The settings of a Qlue source."""

from typing import Literal

from pydantic import Field, SecretStr, model_validator

from connectors.config import SourceConfig


class QlueConfig(SourceConfig):
    """`base_url` is the host of the feed, without the name of the script."""

    profile: Literal["feed", "push"] = Field("feed", description="feed: poll the marker feed; push: only take pushes.")
    categories: dict[str, str] = Field(
        {"ic_2flod": "flood"},
        description="Which marker categories are read, and the hub's category for each; only ic_2flod is known for sure.",
    )
    look_back_seconds: int = Field(
        3_600, ge=0, le=604_800, description="How far back each poll hands on again what did not change."
    )
    push_key: SecretStr | None = Field(
        None, description="What a pushing system must show as x-api-key; unset: nothing may be pushed."
    )

    @model_validator(mode="after")
    def _feed_needs_an_address(self) -> "QlueConfig":
        if self.profile == "feed" and not self.base_url:
            raise ValueError("base_url must be set for the profile feed")
        if self.profile == "push" and self.push_key is None:
            raise ValueError("push_key must be set for the profile push")
        return self
