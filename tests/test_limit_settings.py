"""Each limit is a setting, and each setting reaches what it limits."""

from dataclasses import fields
from typing import Any

import pytest

from execution import Limits
from tests.running import RunningHub
from transport.settings.configuration import Settings
from transport.settings.door_limits import DoorSettings
from transport.settings.limits import LimitSettings
from transport.settings.loading import load_settings

NOT_LIMITS = {"path", "spool_bytes", "origins", "trusted_proxies", "join_queries"}
SETTING_OF = {
    "bytes": "document_bytes",
    "tokens": "document_tokens",
    "nesting": "document_nesting",
    "depth": "document_depth",
    "fields": "document_fields",
    "repeats": "document_repeats",
    "aliases": "document_aliases",
    "root_fields": "document_root_fields",
    "directives": "document_directives",
    "fragments": "document_fragments",
    "operations": "document_operations",
    "list_items": "input_list_items",
    "input_depth": "input_depth",
    "input_values": "input_values",
    "errors": "errors_told",
    "cost": "operation_cost",
    "seconds": "operation_seconds",
}


def test_every_limit_of_operations_is_a_setting() -> None:
    assert SETTING_OF.keys() == {each.name for each in fields(Limits)}
    assert Settings().limits() == Limits()


@pytest.mark.parametrize(("limit", "setting"), SETTING_OF.items())
def test_a_setting_reaches_its_limit(limit: str, setting: str) -> None:
    other = getattr(Limits(), limit) + 1
    assert getattr(load_settings({f"SIMPUL_{setting.upper()}": str(other)}).limits(), limit) == other


@pytest.mark.parametrize("name", sorted({each.name for each in fields(DoorSettings)} - NOT_LIMITS))
def test_a_limit_of_the_door_is_the_setting_of_its_name(name: str) -> None:
    usual: Any = getattr(DoorSettings(), name)
    assert getattr(Settings().for_door(), name) == usual
    other = usual + 1
    assert getattr(load_settings({f"SIMPUL_{name.upper()}": str(other)}).for_door(), name) == other


def test_all_are_described_and_bounded() -> None:
    for name, field in LimitSettings.model_fields.items():
        assert field.description, name
        assert any(hasattr(each, "ge") or hasattr(each, "gt") for each in field.metadata), name


def test_a_running_hub_obeys_them(shared_hub: RunningHub) -> None:
    """As it comes: with what a hub tells without any setting."""
    answer = shared_hub.ask("{ reports(first: 50) { nodes { area { name } } } }")
    cost = answer["extensions"]["cost"]
    assert (cost["requested"], cost["actual"]) == (101, 1)
    assert cost["throttle"]["maximum"] == 50_000
    assert (
        shared_hub.ask("{ viewer { role } }", role="dispatcher")["extensions"]["cost"]["throttle"]["maximum"] == 200_000
    )
    refused = shared_hub.ask("{ areas { children { reports(first: 100) { nodes { id } } } } }")["errors"][0][
        "extensions"
    ]
    assert (refused["code"], refused["limit"], refused["value"] > 100_000) == ("COST_EXCEEDED", 10_000, True)
