"""Who is asking."""

import strawberry

from domain.sealing import Kind
from resolvers import agencies
from resolvers.context import Context
from resolvers.viewer import Viewer as Who
from schema.enums import Role
from schema.fields import batch, column, output, value
from schema.references import AgencyRef
from schema.scalars import DateTime


def _id(viewer: Who, ctx: Context) -> str | None:
    return None if viewer.person_id is None else ctx.id_of(Kind.PERSON, viewer.person_id)


@output
class Viewer:
    """Whoever is asking, as the hub understood the token, key or follow tokens that came along."""

    id: strawberry.ID | None = value(_id, "This person's id; null for nobody in particular.")
    role: Role = column("role", "In which role.")
    display_name: str | None = column("display_name", "The name that this person goes by.")
    agency: AgencyRef | None = batch(
        agencies.agencies_by_id, "The agency that this viewer belongs to.", key="agency_id"
    )
    scopes: list[str] = column("scopes", "What an API key was given the right to do.", sorted)
    session_expires_at: DateTime | None = column("expires_at", "When the token runs out; null when there is none.")
