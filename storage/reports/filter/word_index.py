"""How the words of a report are kept and searched: FTS5 on SQLite, tsvector on PostgreSQL, from the same tokens.

Both stores get finished tokens (domain/words.py), and neither store's own parser may touch them again:

- FTS5 has the `ascii` tokenizer. To it every character past ASCII is part of a word and only A to Z are folded; our
  tokens are letters and digits in lower case, so it parts them at our spaces and changes nothing. (`unicode61` knows the
  letters of Unicode 6.1 only: it would tear newer scripts apart.)
- PostgreSQL takes a `tsvector` literal as it is, without a parser or a dictionary; positions make phrases work.

What both can keep is set by PostgreSQL: positions up to 16,383, and 256 of them a lexeme. Tokens past either limit are
left out of both stores alike, so that they go on giving the same answers.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence

from domain.search_query import Phrase, SearchQuery
from domain.words import FIELD_BREAK

FTS5_DECLARATION = "fts5(doc, tokenize='ascii')"
"""What follows CREATE VIRTUAL TABLE name USING. The table keeps the document: rows of a contentless one can be deleted by
rowid only from SQLite 3.43 on (`contentless_delete`), and Python 3.11 is often linked to an older one."""

MAX_POSITION = 16_383
MAX_POSITIONS_A_LEXEME = 256

_GAP = "¶"
"""A word to FTS5, never to us: holds the position of a token that is left out, and stands at the break of two fields."""


def fts5_document(tokens: Sequence[str]) -> str:
    """The column `doc` of the FTS5 table: the tokens at their positions."""
    whole = tokens if len(tokens) <= MAX_POSITIONS_A_LEXEME else _kept(tokens)
    return " ".join([token or _GAP for token in whole])


def fts5_match(query: SearchQuery) -> str:
    """The right side of MATCH. Each phrase is an FTS5 string, so nothing in it is an operator."""
    wanted = " AND ".join(map(_fts5_string, query.all_of))
    if not query.none_of:
        return wanted
    return f"({wanted}) NOT ({' OR '.join(map(_fts5_string, query.none_of))})"


def tsvector_literal(tokens: Sequence[str]) -> str:
    """The text of a tsvector, to be bound as a parameter and cast: `'banjir':1,4 'parah':2`."""
    positions: dict[str, list[str]] = defaultdict(list)
    for position, token in enumerate(_kept(tokens), start=1):
        if token is not None:
            positions[token].append(str(position))
    return " ".join(f"{_quoted(token)}:{','.join(at)}" for token, at in positions.items())


def tsquery_literal(query: SearchQuery) -> str:
    """The text of a tsquery, to be bound as a parameter and cast: `('banjir') & ('jalan' <-> 'rusak') & !('macet')`."""
    wanted = [_tsquery_phrase(phrase) for phrase in query.all_of]
    unwanted = [f"!{_tsquery_phrase(phrase)}" for phrase in query.none_of]
    return " & ".join(wanted + unwanted)


def _kept(tokens: Sequence[str]) -> Iterator[str | None]:
    """The tokens in order as far as both stores can keep them; None holds the position of one that is left out."""
    times: dict[str, int] = defaultdict(int)
    for token in tokens[:MAX_POSITION]:
        times[token] += 1
        yield None if token == FIELD_BREAK or times[token] > MAX_POSITIONS_A_LEXEME else token


def _fts5_string(phrase: Phrase) -> str:
    return '"' + " ".join(phrase).replace('"', '""') + '"'


def _tsquery_phrase(phrase: Phrase) -> str:
    return f"({' <-> '.join(map(_quoted, phrase))})"


def _quoted(lexeme: str) -> str:
    """Quoted for both literals. No token has a quote or a backslash; this holds even if one had."""
    return "'" + lexeme.replace("\\", "\\\\").replace("'", "''") + "'"
