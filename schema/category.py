"""What reports are about."""

import strawberry

from domain.sealing import Kind
from domain.vocabulary import Locale
from resolvers import agencies, categories
from resolvers.context import Context
from schema.arguments import in_locale, in_words
from schema.fields import batch, column, output, said
from schema.node import Node, identity
from schema.references import AgencyRef
from storage.rows import CategoryRow


def _name(category: CategoryRow, ctx: Context, *, locale: Locale | None) -> str:
    return in_words(locale or ctx.locale, category.name_id, category.name_en) or category.code


def _description(category: CategoryRow, ctx: Context, *, locale: Locale | None) -> str | None:
    return in_words(locale or ctx.locale, category.description_id, category.description_en)


@output
class Category(Node):
    """What reports can be about. Categories are data: the city may add some, rename them, or stop using them."""

    id: strawberry.ID = identity(Kind.CATEGORY)
    code: str = column("code", "Its short name for programs, such as `flood`; it never changes.")
    name: str = said(_name, in_locale, "Its name, in the language asked for.")
    description: str | None = said(_description, in_locale, "What belongs to it, in the language asked for.")
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
