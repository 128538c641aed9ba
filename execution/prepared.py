"""An operation that is ready to run, and what is equal for those that ask the same."""

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any

import orjson
from graphql import OperationDefinitionNode

from execution.cost import Price
from execution.operation import Kind
from execution.plan import Plan
from execution.replay import Executing


@dataclass(frozen=True, slots=True)
class Prepared:
    """One operation of a valid document with its coerced variables: all that can be found wrong beforehand is right."""

    operation: OperationDefinitionNode
    kind: Kind
    """Whether it reads, writes or listens."""
    executing: Executing
    price: Price
    cost: int
    """What it may cost at most (cost.py); of a subscription, one of its answers."""
    plan: Plan | None
    key: Hashable | None
    """Equal for what asks the same: the same document, operation and variables. None where variables are no JSON."""
    personal: bool
    """Whether the answer depends on the very person who asks, and not on what a class of viewers may see."""
    shows_position: bool
    """Whether a cursor is shown."""
    weight: int
    """What it takes to keep it, in tokens of a document (documents.py)."""

    @property
    def name(self) -> str | None:
        """The operation's name in the document, for logs and metrics."""
        return self.operation.name.value if self.operation.name else None

    @property
    def variables(self) -> dict[str, Any]:
        """The coerced variables by name."""
        return self.executing.variables.coerced


def written_out(given: dict[str, Any]) -> bytes | None:
    """Variables as they were sent, in one order; None where something in them is no JSON (a file)."""
    if not given:
        return b""
    try:
        return orjson.dumps(given, option=orjson.OPT_SORT_KEYS)
    except TypeError:
        return None
