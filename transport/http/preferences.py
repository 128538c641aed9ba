"""Lists of what a client likes, with weights: Accept, Accept-Encoding, Accept-Language (RFC 9110, 12.4)."""

import re
from collections.abc import Iterator

MOST_CHARACTERS = 4_000
"""What goes beyond is not looked at: browsers send some 200, and an entry costs time however little it says."""
_WEIGHT = re.compile(r"0(\.\d{0,3})?|1(\.0{0,3})?")


def preferences(header: str) -> Iterator[tuple[str, dict[str, str]]]:
    """Yield each entry of such a header with its parameters, all in small letters."""
    for item in header[:MOST_CHARACTERS].lower().split(","):
        name, *parameters = (part.strip() for part in item.split(";"))
        if name:
            pairs = (parameter.partition("=") for parameter in parameters)
            yield name, {key.strip(): value.strip().strip('"') for key, _, value in pairs}


def weight(parameters: dict[str, str]) -> float:
    """Return how well an entry is liked, 0 to 1: 1 where nothing is said, 0 where what is said is no weight."""
    told = parameters.get("q", "1")
    return float(told) if _WEIGHT.fullmatch(told) else 0.0


def weights(header: str) -> dict[str, float]:
    """Return the best weight of each name."""
    found: dict[str, float] = {}
    for name, parameters in preferences(header):
        found[name] = max(found.get(name, 0.0), weight(parameters))
    return found
