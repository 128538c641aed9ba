"""Whatever has an id of its own and can be asked for by it."""

from typing import Any

import strawberry
from graphql import GraphQLInterfaceType, GraphQLObjectType, GraphQLSchema

from domain.sealing import Kind
from schema.fields import prepared
from storage import rows

TYPE_OF_ROW: dict[type[object], str] = {
    rows.SeenReport: "Report",
    rows.CategoryRow: "Category",
    rows.AgencyRow: "Agency",
    rows.AreaRow: "Area",
    rows.PhotoRow: "Photo",
    rows.CommentRow: "Comment",
    rows.ForwardingRow: "Forwarding",
    rows.FloodAreaRow: "FloodArea",
    rows.FloodGaugeRow: "FloodGauge",
    rows.LaporTicketRow: "LaporTicket",
    rows.SourceRow: "Source",
    rows.SetAsideRow: "SetAsideRecord",
    rows.EventRow: "ReportEvent",
}
"""Which type a row is shown as."""

_ID = "Its id: opaque, unordered, and the same for ever."


@strawberry.interface(description="Whatever has an id of its own and can be asked for by it, with `node` or `nodes`.")
class Node:
    """An object with an id."""

    id: strawberry.ID = strawberry.field(description=_ID)


def identity(kind: Kind, key: str = "id") -> Any:
    """The field `id` of a noun: the public form of the row id that the row holds under `key`."""
    return prepared(key, _ID, lambda ctx: ctx.encoder(kind))


def _type_of(row: object) -> str | None:
    return next((TYPE_OF_ROW[kind] for kind in type(row).__mro__ if kind in TYPE_OF_ROW), None)


def tell_types_apart(schema: GraphQLSchema) -> None:
    """Has the built schema tell a node's type by the class of its row."""
    node = schema.type_map["Node"]
    if not isinstance(node, GraphQLInterfaceType):
        raise TypeError("Node is an interface")
    node.resolve_type = lambda row, _info, _type: _type_of(row)
    for kind in schema.type_map.values():
        if isinstance(kind, GraphQLObjectType):
            kind.is_type_of = None  # strawberry would ask for its own classes; rows are the values
