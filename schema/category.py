"""What reports are about."""

import strawberry
from strawberry import Parent

from domain.sealing import Kind
from resolvers import agencies, categories
from schema.arguments import Info, InLocale, in_words
from schema.fields import batch, column, field, output
from schema.node import Node, identity
from schema.references import AgencyRef
from storage.rows import CategoryRow


def _name(category: Parent[CategoryRow], info: Info, locale: InLocale = strawberry.UNSET) -> str:
    """Its name, in the language asked for."""
    return in_words(info, locale, category.name_id, category.name_en) or category.code


def _description(category: Parent[CategoryRow], info: Info, locale: InLocale = strawberry.UNSET) -> str | None:
    """What belongs to it, in the language asked for."""
    return in_words(info, locale, category.description_id, category.description_en)


@output
class Category(Node):
    """What reports can be about. Categories are data: the city may add some, rename them, or stop using them."""

    id: strawberry.ID = identity(Kind.CATEGORY)
    code: str = column("code", "Its short name for programs, such as `flood`; it never changes.")
    name: str = field(_name)
    description: str | None = field(_description)
    parent: "Category | None" = batch(
        categories.categories_by_id, "The wider category that it belongs to.", key="parent_id"
    )
    agency: AgencyRef | None = batch(
        agencies.agencies_by_id, "The agency that reports of it are given to at first.", key="agency_id"
    )
    respond_within_minutes: int | None = column(
        "respond_minutes", "How soon somebody should have looked at such a report, in minutes from when it came in."
    )
    resolve_within_minutes: int | None = column(
        "resolve_minutes", "How soon such a report should be solved, in minutes from when it came in."
    )
    active: bool = column("active", "Whether new reports can be of it.")
