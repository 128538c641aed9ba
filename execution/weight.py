"""What fields cost beyond the rule (cost.py): told by the schema, in its fields' extensions."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

WEIGHT = "weight"
"""Under this name a field of the schema keeps its Weight among its extensions."""

Arguments = Mapping[str, Any]
Amount = int | Callable[[Arguments], int]


@dataclass(frozen=True, slots=True)
class Weight:
    """What a field costs beyond the rule. Functions are given the arguments as the client wrote them."""

    each: Amount = 0
    """The field itself, each time it is asked of an object."""
    item: int = 1
    """Each object that it gives."""
    size: Amount | None = None
    """How many entries its list has at most; of a connection, its page."""
