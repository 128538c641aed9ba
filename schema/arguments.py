"""Arguments that many fields have, and what is made of them. An explicit null means the same as leaving one out."""

from typing import Annotated, Any, TypeVar

import strawberry

from domain.vocabulary import Locale
from resolvers.context import Context
from resolvers.lists import Paging
from schema.enums import Locale as LocaleEnum
from schema.fields import Keywords, argument
from schema.scalars import Cursor, DateTime

T = TypeVar("T")

Info = strawberry.Info[Context, Any]

First = Annotated[int | None, argument("At most so many, from the front: 1 to 100. Without `first` and `last`: 20.")]
After = Annotated[Cursor | None, argument("Only what comes after this cursor.")]
Last = Annotated[int | None, argument("At most so many, from the end: 1 to 100. Not together with `first`.")]
Before = Annotated[Cursor | None, argument("Only what comes before this cursor.")]
Resume = Annotated[
    Cursor | None,
    argument("A cursor of the event log: first all that came since it, then what happens. Without it: from now on."),
]
InLocale = Annotated[
    LocaleEnum | None, argument("The language; without it the request's (Accept-Language), else Indonesian.")
]
Tolerance = Annotated[
    float | None,
    argument("Leave out corners that move the outline by less than so many metres; without it the full outline."),
]
Since = Annotated[DateTime | None, argument("Only what is from this moment on.")]


def or_none(given: T | None) -> T | None:
    """What was given; None for what was left out."""
    return None if given is strawberry.UNSET else given


def paging(
    first: int | None = None, after: str | None = None, last: int | None = None, before: str | None = None
) -> Paging:
    """The arguments of a connection."""
    return Paging(or_none(first), or_none(after), or_none(last), or_none(before))


def page(
    first: First = strawberry.UNSET,
    after: After = strawberry.UNSET,
    last: Last = strawberry.UNSET,
    before: Before = strawberry.UNSET,
) -> Keywords:
    """The keywords of a connection without other arguments."""
    return {"paging": paging(first, after, last, before)}


def outline(tolerance_meters: Tolerance = strawberry.UNSET) -> Keywords:
    """The keyword of an outline."""
    return {"tolerance_m": or_none(tolerance_meters)}


def in_locale(locale: InLocale = strawberry.UNSET) -> Keywords:
    """The keyword of what is told in a language."""
    return {"locale": or_none(locale)}


def in_words(locale: Locale, indonesian: str | None, english: str | None) -> str | None:
    """The words in a language; where they are not there, those in the other one."""
    return (english or indonesian) if locale is Locale.EN else (indonesian or english)
