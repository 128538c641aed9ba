"""Which fields depend on the very person who asks, and not only on what its class of viewers may see.

Answers that have none of them may be shared by all who see alike (execution/sharing.py). A person's own hidden reports
and true places are another matter: where those are to be shown, the answer is made for the person alone, because a
class is asked for as nobody in particular.
"""

from graphql import GraphQLObjectType, GraphQLScalarType, GraphQLSchema

from execution.sharing import mark_personal, mark_position

PERSONAL: dict[str, tuple[str, ...]] = {
    "Query": ("viewer",),
    "Report": ("viewerActions", "viewerHasSupported"),
    "ReportEvent": ("byViewer",),
}
"""Fields by type."""

COUNTED = (("Query", "report", "code"),)
"""Arguments that are counted by who asks."""


def mark(schema: GraphQLSchema) -> None:
    """Marks the built schema's fields and arguments, and cursors as positions. Raises KeyError for what is not there."""
    for name, fields in PERSONAL.items():
        type_ = schema.type_map[name]
        assert isinstance(type_, GraphQLObjectType)
        mark_personal(type_.fields[each] for each in fields)
    for name, field, argument in COUNTED:
        type_ = schema.type_map[name]
        assert isinstance(type_, GraphQLObjectType)
        mark_personal([type_.fields[field].args[argument]])
    cursor = schema.type_map["Cursor"]
    assert isinstance(cursor, GraphQLScalarType)
    mark_position(cursor)
