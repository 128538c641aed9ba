"""GraphQL texts that were parsed and validated before, so that the same text costs it once."""

from collections import OrderedDict

from graphql import DocumentNode, GraphQLError, GraphQLSchema, parse, validate

from execution.errors import PARSE_FAILED, VALIDATION_FAILED, refused


class Documents:
    """Valid documents by their text: the least recently used leave first. Bounded by number and by characters."""

    def __init__(self, schema: GraphQLSchema, *, count: int = 1_000, characters: int = 4_000_000) -> None:
        self._schema = schema
        self._count = count
        self._characters = characters
        self._kept: OrderedDict[str, DocumentNode] = OrderedDict()
        self._size = 0

    def __len__(self) -> int:
        return len(self._kept)

    def get(self, text: str) -> DocumentNode:
        """Return the document of `text`. Raises RequestRefused when it is not GraphQL, or not of this schema."""
        document = self._kept.get(text)
        if document is not None:
            self._kept.move_to_end(text)
            return document
        document = _parse(text)
        errors = validate(self._schema, document)
        if errors:
            raise refused(errors, VALIDATION_FAILED)
        self._keep(text, document)
        return document

    def _keep(self, text: str, document: DocumentNode) -> None:
        self._kept[text] = document
        self._size += len(text)
        while len(self._kept) > self._count or self._size > self._characters:
            oldest, _ = self._kept.popitem(last=False)
            self._size -= len(oldest)


def _parse(text: str) -> DocumentNode:
    try:
        return parse(text)
    except GraphQLError as error:
        raise refused([error], PARSE_FAILED) from None
    except RecursionError:
        raise refused([GraphQLError("The document is nested too deeply.")], PARSE_FAILED) from None
