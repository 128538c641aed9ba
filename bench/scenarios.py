"""The workloads: which servers take part, on what store, and what is asked of each."""

import hashlib
import json
import random
import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from bench import postgraphile_queries
from bench.where import Codes
from bench.workloads import (
    BINS,
    COUNTS,
    FILTERED,
    JOINED,
    JOINED_BY_GATEWAY,
    ONE,
    pages,
    request,
    submissions,
)
from domain.sealing import IdCipher, Kind

FILTERS = Path(__file__).with_name("filters.json")
IDS = IdCipher(hashlib.shake_128(b"ids").digest(16))
"""The made-up city's key of ids (bench.dataset)."""
HUB_IN_TESTS = {"SIMPUL_ANSWER_SECONDS": "0", "SIMPUL_JOIN_QUERIES": "false"}
"""Answers kept, and queries shared, are off: what is measured is the work."""
JAKARTA = {"west": 106.68, "south": -6.38, "east": 106.98, "north": -6.08}


@dataclass(frozen=True, slots=True)
class Scenario:
    """A workload. `requests(server's name, store)` gives what is asked of one server; `settings` are for the hub and its
    peers alike where they know them."""

    name: str
    about: str
    peers: Sequence[str]
    requests: Callable[[str, Path], Sequence[bytes]]
    connections: int = 16
    writes: bool = False
    postgres: bool = False
    million: bool = False
    synchronous: str = "FULL"


def _page(server: str, _store: Path) -> Sequence[bytes]:
    return [postgraphile_queries.page()] if server == "postgraphile" else pages()


def _one(server: str, store: Path) -> Sequence[bytes]:
    """A thousand reports that anybody may see, in no order."""
    with sqlite3.connect(store) as connection:
        known = [row[0] for row in connection.execute("SELECT id FROM reports WHERE visibility = 'PUBLIC' ORDER BY id")]
    chosen = random.Random(2).sample(known, min(1000, len(known)))
    return [request(ONE, {"id": IDS.encode(Kind.REPORT, each) if server == "hub" else str(each)}) for each in chosen]


def thousand_filters() -> list[dict[str, Any]]:
    """The filters of W6."""
    return [each["filter"] for each in json.loads(FILTERS.read_text(encoding="utf-8"))]


def _filtered(server: str, store: Path) -> Sequence[bytes]:
    """In an order that is nobody's: neighbours on the list are of a kind."""
    shuffled = thousand_filters()
    random.Random(6).shuffle(shuffled)
    if server == "postgraphile":
        with sqlite3.connect(store) as connection:
            codes = Codes.read(connection)
        return [postgraphile_queries.filtered(each, codes) for each in shuffled]
    return [request(FILTERED, {"filter": each}) for each in shuffled]


def _joined(server: str, _store: Path) -> Sequence[bytes]:
    if server == "gateway":
        return [request(JOINED_BY_GATEWAY)]
    return [request(JOINED, {"filter": {"sources": ["lapor"]}})]


def _submitted(_server: str, _store: Path) -> Sequence[bytes]:
    return submissions(20_000)


def _counted(filters: Sequence[dict[str, Any]], _server: str, _store: Path) -> Sequence[bytes]:
    counts = [request(COUNTS, {"filter": each}) for each in filters]
    bins = [request(BINS, {"within": JAKARTA, "resolution": 8, "filter": each}) for each in filters]
    return [*counts, *bins]


_CATEGORIES = ("flood", "traffic_jam", "waste", "damaged_road", "illegal_parking", "street_light", "noise", "other")
ROLLED_UP = [{"categories": [each]} for each in _CATEGORIES]
NOT_ROLLED_UP = [{"categories": [each], "sources": ["qlue"]} for each in _CATEGORIES]

SCENARIOS: Sequence[Scenario] = (
    Scenario("W1", "a page of 50 reports with area, photos, reporter", ("mercurius", "yoga", "strawberry"), _page),
    Scenario("W2", "one report by its id", ("mercurius", "strawberry"), _one),
    Scenario("W3 FULL", "submit, each safe on disk", ("mercurius", "strawberry"), _submitted, 64, writes=True),
    Scenario("W3 NORMAL", "submit", ("mercurius",), _submitted, 64, writes=True, synchronous="NORMAL"),
    Scenario("W5", "20 reports with flood area and ticket", ("mercurius", "strawberry", "gateway"), _joined),
    Scenario("W6", "W1 with a thousand filters", ("mercurius", "yoga", "strawberry", "by hand"), _filtered),
    Scenario(
        "W7 rolled up",
        "bins and statistics from roll-ups",
        ("mercurius", "strawberry"),
        partial(_counted, ROLLED_UP),
        4,
        million=True,
    ),
    Scenario(
        "W7 counted",
        "bins and statistics counted",
        ("mercurius", "strawberry"),
        partial(_counted, NOT_ROLLED_UP),
        4,
        million=True,
    ),
    Scenario("W1 PostgreSQL", "W1 on PostgreSQL", ("mercurius", "strawberry", "postgraphile"), _page, postgres=True),
    Scenario(
        "W6 PostgreSQL", "W6 on PostgreSQL", ("mercurius", "strawberry", "postgraphile"), _filtered, postgres=True
    ),
)
