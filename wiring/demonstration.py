"""The demonstration city: its servers become the sources, beside those that are configured."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from demo.beside import DemoFailed, city_beside
from domain.categories import category_for, parse_categories
from storage.seeding import read_fact
from transport.settings.configuration import Settings, WrongSetting


@asynccontextmanager
async def city(settings: Settings, speed: float) -> AsyncIterator[Mapping[str, Any]]:
    """Runs the city for the length of a block; gives what it tells of its servers. Raises WrongSetting where it fails."""
    beside = city_beside(speed=speed, memory=settings.data_dir / "demo.json", port_base=settings.port + 100)
    try:
        async with beside as told:
            yield told
    except DemoFailed as error:
        raise WrongSetting(f"{error}. Its own words are above.") from error


def with_city(settings: Settings, told: Mapping[str, Any]) -> Settings:
    """The settings with the city's servers as sources."""
    return settings.model_copy(update={"sources": {**_sources(told), **settings.sources}})


def _sources(told: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    facts = parse_categories(read_fact("categories.toml"))
    markers = {marker: category_for(word, facts) or "other" for marker, word in told["qlue_categories"].items()}
    return {
        "peta_jakarta": {"kind": "peta_jakarta", "base_url": told["peta_jakarta_v3"], "poll_seconds": 5},
        "qlue": {"kind": "qlue", "base_url": told["qlue"], "categories": markers, "poll_seconds": 4},
        "lapor": {
            "kind": "lapor",
            "base_url": told["lapor"],
            "profile": "lapor-xml",
            "token": told["lapor_token"],
            "key_token": told["lapor_keytoken"],
            "export": f"{told['lapor']}/export/tickets.csv",
            "poll_seconds": 10,
        },
    }
