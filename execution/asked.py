"""What a field is asked with."""

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any

from execution.batch import frozen
from execution.readings import Column, Reading, Same


@dataclass(frozen=True, slots=True)
class Asked:
    """What a field is asked with: its arguments, the keywords of its function, and a key that is equal for equal ones."""

    arguments: dict[str, Any]
    keywords: dict[str, Any]
    key: Hashable


def asked_with(reading: Reading | None, arguments: dict[str, Any]) -> Asked:
    """Coerced arguments as a reading takes them. Raises whatever makes keywords of them raises."""
    making = None if reading is None or isinstance(reading, Column | Same) else reading.arguments
    keywords = {} if making is None else making(arguments)
    return Asked(arguments, keywords, frozen(keywords) if keywords else None)
