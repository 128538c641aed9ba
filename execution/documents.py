"""GraphQL texts that were parsed, validated and planned before, so that the same text costs it once."""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import sha256
from typing import TypeAlias

from graphql import DocumentNode, GraphQLError, GraphQLSchema, OperationDefinitionNode, validate

from execution.errors import BAD_USER_INPUT, VALIDATION_FAILED, refused
from execution.limits import Limits
from execution.measuring import measure
from execution.operation import ReadyOperation
from execution.parsing import parse
from execution.prepared import Prepared
from execution.sharing import Sharing, sharing_of

Asked: TypeAlias = tuple[str | None, bytes]
"""Which operation of a document was asked for, and with which variables, written out."""

_PREPARED = 2_000
"""So many prepared operations are kept of a document."""
_WEIGHT_OF_FIELD = 2
"""What a planned field weighs, as tokens do: some two kilobytes."""


@dataclass(slots=True)
class Document:
    """A valid document, with its operations made ready when they are first asked for."""

    text: str
    node: DocumentNode
    weight: int
    """In tokens: a kilobyte of text (comments, long literals) is as much as one, and so is what was made of it."""
    digest: bytes
    """SHA-256 of its text."""
    sharing: Sharing
    grew: "Callable[[Document, int], None]"
    """Told when it weighs more, or less, and by how much."""
    worked: Callable[[int], None]
    """Told how much work planning was."""
    _ready: dict[str | None, ReadyOperation] = field(default_factory=dict)
    """By the names that they were asked for by."""
    prepared: OrderedDict[Asked, Prepared] = field(default_factory=OrderedDict)
    """What it was asked with lately."""

    def operation(self, schema: GraphQLSchema, name: str | None) -> ReadyOperation:
        """The operation of a name, or the only one. Raises RequestRefused where there is no such."""
        ready = self._ready.get(name)
        if ready is None:
            found = self._named(name)
            same = (each for each in self._ready.values() if each.operation is found)
            ready = self._ready[name] = next(same, None) or ReadyOperation(schema, self.node, found, self._plan_grew)
        return ready

    def remember(self, asked: Asked, prepared: Prepared) -> None:
        """Keep what it was asked with."""
        before = self.prepared.pop(asked, None)
        self.prepared[asked] = prepared
        self._weigh(prepared.weight - (0 if before is None else before.weight))
        if len(self.prepared) > _PREPARED:
            self.forget_oldest()

    def forget_oldest(self) -> None:
        """Keep what it was asked with least lately no more."""
        _, oldest = self.prepared.popitem(last=False)
        self._weigh(-oldest.weight)

    def _plan_grew(self, fields: int, work: int) -> None:
        self._weigh(_WEIGHT_OF_FIELD * fields)
        self.worked(work)

    def _weigh(self, more: int) -> None:
        self.weight += more
        self.grew(self, more)

    def operations(self) -> list[OperationDefinitionNode]:
        """All of them, in their order."""
        return [each for each in self.node.definitions if isinstance(each, OperationDefinitionNode)]

    def _named(self, name: str | None) -> OperationDefinitionNode:
        operations = self.operations()
        if name is not None:
            operations = [each for each in operations if each.name and each.name.value == name]
        if len(operations) == 1:
            return operations[0]
        words = "Must provide operation name if query contains multiple operations."
        if not operations:
            words = "Must provide an operation." if name is None else f"Unknown operation named '{name}'."
        raise refused([GraphQLError(words)], BAD_USER_INPUT)


class Documents:
    """Valid documents by their text: the least recently used leave first.

    Bounded by number and by tokens: a parsed token takes about a kilobyte, so the default keeps some 200 MB at the very
    worst, with what was planned and prepared of them, and what real clients send takes a hundredth of that.
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
        self._pinned: dict[str, Document] = {}
        self.work = 0
        """How much planning there was, counted in fields."""

    def __len__(self) -> int:
        return len(self._kept) + len(self._pinned)

    def __contains__(self, text: str) -> bool:
        return text in self._kept or text in self._pinned

    def pin(self, text: str) -> Document:
        """Keep a document for good, with its operations planned as far as no variable decides what is in them. Raises
        what `get` raises."""
        document = self.get(text)
        for each in document.operations():
            name = each.name.value if each.name else None
            document.operation(self._schema, name).plan_ahead()
        if self._kept.pop(text, None) is not None:
            self._size -= document.weight
        self._pinned[text] = document
        return document

    def get(self, text: str) -> Document:
        """Return the document of `text`. Raises RequestRefused when it is too large, no GraphQL, or not of this schema."""
        document = self._kept.get(text)
        if document is not None:
            self._kept.move_to_end(text)
            return document
        if text in self._pinned:
            return self._pinned[text]
        node, tokens = parse(text, self._limits)
        measure(node, self._limits)
        errors = validate(self._schema, node, max_errors=self._limits.errors)
        if errors:
            raise refused(errors, VALIDATION_FAILED)
        digest = sha256(text.encode("utf-8", "surrogatepass")).digest()
        weight = tokens + len(text) // 1_000
        document = Document(text, node, weight, digest, sharing_of(self._schema, node), self._weigh, self._work)
        self._kept[text] = document
        self._size += weight
        self._fit()
        return document

    def prepared(self, text: str, asked: Asked) -> Prepared | None:
        """What was prepared of a document that is kept; None where that is to be done."""
        document = self._kept.get(text) or self._pinned.get(text)
        found = None if document is None else document.prepared.get(asked)
        if document is None or found is None:
            return None
        document.prepared.move_to_end(asked)
        if text in self._kept:
            self._kept.move_to_end(text)
        return found

    def remember(self, text: str, asked: Asked, prepared: Prepared) -> None:
        """Keep what was prepared of a document for as long as that is kept."""
        document = self._kept.get(text) or self._pinned.get(text)
        if document is None:
            return
        document.remember(asked, prepared)
        if text in self._pinned:
            while self._size > self._tokens and document.prepared:
                document.forget_oldest()
        self._fit()

    def _work(self, work: int) -> None:
        self.work += work

    def _weigh(self, document: Document, more: int) -> None:
        """Of one that is kept for good, what is made of it from then on counts."""
        if self._kept.get(document.text) is document or self._pinned.get(document.text) is document:
            self._size += more

    def _fit(self) -> None:
        while self._kept and (len(self._kept) > self._count or self._size > self._tokens):
            _, oldest = self._kept.popitem(last=False)
            self._size -= oldest.weight
