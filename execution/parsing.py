"""Reads GraphQL text, and stops reading where it grows too large."""

from graphql import DocumentNode, GraphQLError, Lexer, Source, Token, TokenKind
from graphql.language.parser import Parser

from execution.errors import PARSE_FAILED, refused
from execution.limits import Limits, exceeded

_OPENING = frozenset({TokenKind.BRACE_L, TokenKind.BRACKET_L, TokenKind.PAREN_L})
_CLOSING = frozenset({TokenKind.BRACE_R, TokenKind.BRACKET_R, TokenKind.PAREN_R})


def parse(text: str, limits: Limits) -> tuple[DocumentNode, int]:
    """Return the document and the number of its tokens. Raises RequestRefused."""
    size = len(text) if len(text) > limits.bytes else len(text.encode("utf-8", "replace"))
    if size > limits.bytes:
        words = "The document has {value} bytes; at most {limit} are taken."
        raise exceeded("bytes", words, limits.bytes, size, PARSE_FAILED)
    parser = _BoundedParser(text, limits)
    try:
        return parser.parse_document(), parser.token_count
    except GraphQLError as error:
        raise refused([error], PARSE_FAILED) from None
    except RecursionError:  # before `nesting` is reached only if that was set very high
        raise refused([GraphQLError("The document is nested too deeply.")], PARSE_FAILED) from None


class _BoundedParser(Parser):
    """graphql-core's parser, which passes here with each token that it takes."""

    def __init__(self, text: str, limits: Limits) -> None:
        source = Source(text)
        # A selection of nothing is none by the specification; graphql-core still takes one unless told otherwise.
        super().__init__(source, lexer=_BoundedLexer(source, limits), allow_empty_selection_sets=False)
        self._limits = limits
        self._nesting = 0

    def advance_lexer(self) -> None:
        """Take the next token; comments count too. Raises RequestRefused for one too many, or one too deep."""
        super().advance_lexer()
        _check_tokens(self.token_count, self._limits)
        kind = self._lexer.token.kind
        if kind in _OPENING:
            self._nesting += 1
            if self._nesting > self._limits.nesting:
                words = "The document's brackets are nested {value} deep; at most {limit} is taken."
                raise exceeded("nesting", words, self._limits.nesting, self._nesting, PARSE_FAILED)
        elif kind in _CLOSING:
            self._nesting -= 1


class _BoundedLexer(Lexer):
    """graphql-core's lexer, which reads all comments up to the next token before the parser has a say."""

    def __init__(self, source: Source, limits: Limits) -> None:
        super().__init__(source)
        self._limits = limits
        self._comments = 0

    def read_comment(self, start: int) -> Token:
        """Read one comment. Raises RequestRefused for one too many."""
        self._comments += 1
        _check_tokens(self._comments, self._limits)
        return super().read_comment(start)


def _check_tokens(count: int, limits: Limits) -> None:
    if count > limits.tokens:
        words = "The document has more than {limit} tokens ({value} or more)."
        raise exceeded("tokens", words, limits.tokens, count, PARSE_FAILED)
