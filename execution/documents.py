"""GraphQL texts that were parsed and validated before, so that the same text costs it once."""

from collections import OrderedDict
from dataclasses import dataclass, field

from graphql import DocumentNode, GraphQLSchema, OperationDefinitionNode, validate

from execution.cost import CostPlan
from execution.errors import VALIDATION_FAILED, refused
from execution.limits import Limits
from execution.measuring import measure
from execution.parsing import parse


@dataclass(slots=True)
class Document:
    """A valid document, and what its operations cost, which is planned when one is first asked for."""

    node: DocumentNode
    tokens: int
    _plans: dict[int, CostPlan] = field(default_factory=dict)

    def plan(self, schema: GraphQLSchema, operation: OperationDefinitionNode) -> CostPlan:
        """What one of its operations costs."""
        plan = self._plans.get(id(operation))
        if plan is None:
            plan = self._plans[id(operation)] = CostPlan(schema, self.node, operation)
        return plan


class Documents:
    """Valid documents by their text: the least recently used leave first.

    Bounded by number and by tokens: a parsed token takes about a kilobyte, so the default keeps some 200 MB at the very
    worst, and what real clients send takes a hundredth of that.
    """

    def __init__(
        self, schema: GraphQLSchema, limits: Limits | None = None, *, count: int = 1_000, tokens: int = 200_000
    ) -> None:
        self._schema = schema
        self._limits = limits or Limits()
        self._count = count
        self._tokens = tokens
        self._kept: OrderedDict[str, Document] = OrderedDict()
        self._size = 0

    def __len__(self) -> int:
        return len(self._kept)

    def __contains__(self, text: str) -> bool:
        return text in self._kept

    def get(self, text: str) -> Document:
        """Return the document of `text`. Raises RequestRefused when it is too large, no GraphQL, or not of this schema."""
        document = self._kept.get(text)
        if document is not None:
            self._kept.move_to_end(text)
            return document
        node, tokens = parse(text, self._limits)
        measure(node, self._limits)
        errors = validate(self._schema, node, max_errors=self._limits.errors)
        if errors:
            raise refused(errors, VALIDATION_FAILED)
        return self._keep(text, Document(node, tokens))

    def _keep(self, text: str, document: Document) -> Document:
        self._kept[text] = document
        self._size += _weight(text, document)
        while len(self._kept) > self._count or self._size > self._tokens:
            oldest, left = self._kept.popitem(last=False)
            self._size -= _weight(oldest, left)
        return document


def _weight(text: str, document: Document) -> int:
    """Tokens, and a kilobyte of text (comments, long literals) as much as one."""
    return document.tokens + len(text) // 1_000
