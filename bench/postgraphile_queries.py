"""What PostGraphile is asked: its schema is its own, so these are the queries nearest to ours, with the same reports."""

import math
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from bench.where import Codes
from bench.workloads import request

_FIELDS = """
    nodes {
      rowId code text title status reportedAt supportCount publicLatitude publicLongitude anonymous
      areaByPublicAreaId { rowId code name }
      photosByReportId { nodes { rowId address width height } }
      personByReporterId { displayName }
    }
    pageInfo { hasNextPage endCursor }
"""
PAGE = f"""query Page {{
  reportsMatching(first: 50) {{{_FIELDS}  }}
}}"""
_ARGUMENTS = {
    "areaIds": "[Int]",
    "categoryIds": "[Int]",
    "sourceIds": "[Int]",
    "states": "[String]",
    **dict.fromkeys(("south", "north", "west", "east", "latitude", "longitude", "millimetres"), "Float"),
    **dict.fromkeys(("since", "until"), "BigInt"),
}


def page() -> bytes:
    """W1. (Its own lists take conditions on indexed columns alone, and the visibility has no index.)"""
    return request(PAGE)


def filtered(given: Mapping[str, Any], codes: Codes) -> bytes:
    """W6. Only the arguments that the filter has are in the query, as somebody who writes it by hand would leave them."""
    values = _values(given, codes)
    declared = ", ".join(f"${name}: {_ARGUMENTS[name]}" for name in values)
    passed = ", ".join(f"{name}: ${name}" for name in values)
    query = f"query Filtered({declared}) {{ reportsMatching(first: 50, {passed}) {{{_FIELDS} }} }}"
    return request(query, values)


def _values(given: Mapping[str, Any], codes: Codes) -> dict[str, Any]:
    told: dict[str, Any] = {}
    if "areas" in given:
        told["areaIds"] = [each for code in given["areas"] for each in codes.areas[code]]
    if "categories" in given:
        told["categoryIds"] = [codes.categories[each] for each in given["categories"]]
    if "sources" in given:
        told["sourceIds"] = [codes.sources[each] for each in given["sources"]]
    if "statuses" in given:
        told["states"] = given["statuses"]
    if "within" in given:
        told |= given["within"]
    if "near" in given:
        told |= _circle(given["near"], told)
    for name, ours in (("since", "reportedAfter"), ("until", "reportedBefore")):
        if ours in given:
            told[name] = str(round(datetime.fromisoformat(given[ours]).timestamp()) * 1_000_000)
    return told


def _circle(near: Mapping[str, float], box: Mapping[str, float]) -> dict[str, float]:
    """The circle, and the box that an index knows: where there is one already, what both share."""
    high = math.degrees((near["withinMeters"] + 0.05) / 6_371_008.8)
    wide = high / math.cos(math.radians(near["latitude"])) * 1.001
    return {
        "south": max(near["latitude"] - high, box.get("south", -90)),
        "north": min(near["latitude"] + high, box.get("north", 90)),
        "west": max(near["longitude"] - wide, box.get("west", -180)),
        "east": min(near["longitude"] + wide, box.get("east", 180)),
        "latitude": near["latitude"],
        "longitude": near["longitude"],
        "millimetres": round(near["withinMeters"] * 1000),
    }
