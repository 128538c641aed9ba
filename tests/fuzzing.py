"""What the fuzz suite shares: how many inputs, the corpus that is kept, and ways to damage what was sound.

Every input is drawn the same way each time. `SIMPUL_FUZZ=50` draws fifty times as many, other ones each time:
docs/decisions/fuzzing.md tells how such a run is made and how a find gets into tests/fuzz_corpus/.
"""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeVar

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

T = TypeVar("T")

CORPUS = Path(__file__).parent / "fuzz_corpus"
TIMES = int(os.environ.get("SIMPUL_FUZZ", "1"))
LONG = TIMES > 1

NASTY_TEXTS = (
    "",
    " ",
    "\0",
    "banjir\0",
    "'; DROP TABLE reports; --",
    '"',
    "\\",
    "%_%",
    "<script>alert(1)</script>",
    "{{7*7}}",
    "../../etc/passwd",
    "\u202emoc.live",
    "e\u0301" * 50,
    "\ufeff\ufffe\uffff",
    "\U0010ffff",
    "٣٤٥",
    "1e400",
    "-0",
    "null",
    "NaN",
    "a" * 5_000,
)
"""Texts that have broken some program or other."""

NASTY_NUMBERS = (0, -0.0, -1, 2**31, 2**53 + 1, 2**63, -(2**63) - 1, 10**30, 5e-324, 1e308, -1e308)


def fuzz(examples: int, phases: Sequence[Phase] = tuple(Phase)) -> settings:
    """As many inputs as are worth their time in every run of the suite, and many more where that is asked for."""
    return settings(
        max_examples=examples * TIMES,
        phases=phases,
        derandomize=not LONG,
        database=None,
        deadline=None,  # how long one input takes is nobody's promise; growth is measured where it is
        suppress_health_check=list(HealthCheck),
    )


def drawn(strategy: st.SearchStrategy[T], examples: int) -> list[T]:
    """Inputs for what cannot be run within `@given`, since it needs fixtures and an event loop."""
    found: list[T] = []

    @fuzz(examples, (Phase.generate,))
    @given(strategy)
    def draw(value: T) -> None:
        found.append(value)

    draw()
    return found


def kept(family: str) -> list[Any]:
    """The files of one family of the corpus, as parameters of a test."""
    files = sorted((CORPUS / family).iterdir())
    assert files, f"the corpus has nothing for {family}"
    return [pytest.param(path.read_bytes(), id=path.name) for path in files]


def damaged(sound: st.SearchStrategy[bytes]) -> st.SearchStrategy[bytes]:
    """Bytes that were sound before something happened to them."""

    @st.composite
    def damage(draw: st.DrawFn) -> bytes:
        data = bytearray(draw(sound))
        for _ in range(draw(st.integers(1, 6))):
            _hit(data, draw)
        return bytes(data)

    return damage()


def _hit(data: bytearray, draw: st.DrawFn) -> None:
    """Change one byte, cut off the end, cut out a piece, double one, or put some in."""
    at = draw(st.integers(0, max(len(data) - 1, 0)))
    match draw(st.sampled_from(("byte", "bit", "end", "cut", "double", "insert"))):
        case "byte":
            data[at : at + 1] = bytes([draw(st.integers(0, 255))])
        case "bit":
            data[at : at + 1] = bytes([(data[at] if data else 0) ^ (1 << draw(st.integers(0, 7)))])
        case "end":
            del data[at:]
        case "cut":
            del data[at : at + draw(st.integers(1, 64))]
        case "double":
            data[at:at] = data[at : at + draw(st.integers(1, 64))]
        case _:
            data[at:at] = draw(st.binary(min_size=1, max_size=8))


def json_values(leaves: st.SearchStrategy[Any] | None = None) -> st.SearchStrategy[Any]:
    """Any JSON, with texts and numbers that have broken programs among its leaves."""
    leaf = st.one_of(
        st.none(),
        st.booleans(),
        st.sampled_from(NASTY_NUMBERS),
        st.sampled_from(NASTY_TEXTS),
        st.integers(),
        st.floats(allow_nan=False, allow_infinity=False),
        st.text(max_size=20),
        *([leaves] if leaves is not None else []),
    )
    return st.recursive(
        leaf,
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
        max_leaves=12,
    )


def disturbed(value: Any, draw: st.DrawFn) -> Any:
    """A JSON value of the agreed form with one thing in it that is something else, missing, or too much."""
    if isinstance(value, dict) and value and draw(st.integers(0, 3)):
        name = draw(st.sampled_from(sorted(value)))
        return {**value, name: disturbed(value[name], draw)}
    if isinstance(value, list) and value and draw(st.integers(0, 3)):
        place = draw(st.integers(0, len(value) - 1))
        return [*value[:place], disturbed(value[place], draw), *value[place + 1 :]]
    if isinstance(value, dict) and value and draw(st.booleans()):
        gone = draw(st.sampled_from(sorted(value)))
        return {name: told for name, told in value.items() if name != gone}
    return draw(json_values())


def once_disturbed(values: list[Any]) -> st.SearchStrategy[Any]:
    """One of these, disturbed."""
    return st.composite(lambda draw: disturbed(draw(st.sampled_from(values)), draw))()
