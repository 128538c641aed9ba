"""What a field is asked with."""

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any

from execution.batch import frozen
from execution.readings import Column, Reading, Same


@dataclass(slots=True)
class Asked:
    """What a field is asked with: its arguments, and the keywords of its function."""

    arguments: dict[str, Any]
    keywords: dict[str, Any]
    _key: Hashable = None

    @property
    def key(self) -> Hashable:
        """Equal for equal keywords; made when it is first asked for."""
        if self._key is None and self.keywords:
            self._key = frozen(self.keywords)
        return self._key


def asked_with(reading: Reading | None, arguments: dict[str, Any]) -> Asked:
    """Coerced arguments as a reading takes them. Raises whatever makes keywords of them raises."""
    making = None if reading is None or isinstance(reading, Column | Same) else reading.arguments
    keywords = {} if making is None else making(arguments)
    return Asked(arguments, keywords)
