"""Arguments that many fields have, and what is made of them. An explicit null means the same as leaving one out."""

from typing import Annotated, Any, TypeVar

import strawberry

from domain.vocabulary import Locale
from resolvers.context import Context
from resolvers.lists import Paging
from schema.enums import Locale as LocaleEnum
from schema.fields import argument
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


def locale_of(info: Info, given: Locale | None) -> Locale:
    """The language that a field was asked in, or else the request's."""
    return or_none(given) or info.context.locale


def in_words(info: Info, given: Locale | None, indonesian: str | None, english: str | None) -> str | None:
    """The words in the language asked for; where they are not there, those in the other one."""
    return (english or indonesian) if locale_of(info, given) is Locale.EN else (indonesian or english)
