"""The agencies of the city."""

import strawberry

from domain.sealing import Kind
from schema.fields import column, output
from schema.node import Node, identity


@output
class Agency(Node):
    """An agency of the city, to which reports are given."""

    id: strawberry.ID = identity(Kind.AGENCY)
    code: str = column("code", "Its short name for programs; it never changes.")
    name: str = column("name", "Its official name, in Indonesian.")
