"""The schema that is served, and its printed form.

`python -m schema.root` writes schema/schema.graphql; a test fails when that file is not what is served.
"""

from functools import cache
from pathlib import Path

import strawberry
from graphql import GraphQLSchema
from strawberry.schema.config import StrawberryConfig

from schema.fields import attach
from schema.guarding import guard
from schema.mutation import Mutation
from schema.node import tell_types_apart
from schema.personal import mark
from schema.query import Query
from schema.scalars import SCALARS, write_quickly
from schema.subscription import Subscription
from schema.weights import weigh

PRINTED = Path(__file__).with_name("schema.graphql")
"""The committed SDL."""


@cache
def build_schema() -> strawberry.Schema:
    """The schema, built once; strawberry declares it, and rows are its values."""
    schema = strawberry.Schema(
        query=Query,
        mutation=Mutation,
        subscription=Subscription,
        config=StrawberryConfig(scalar_map=SCALARS),
    )
    built = schema._schema
    attach(schema)
    tell_types_apart(built)
    weigh(built)
    mark(built)
    write_quickly(built)
    guard(built)
    return schema


def graphql_schema() -> GraphQLSchema:
    """What the engine executes."""
    return build_schema()._schema


@cache
def printed() -> str:
    """The SDL as it is served; made once, for anybody may ask for it at any rate."""
    return build_schema().as_str() + "\n"


if __name__ == "__main__":
    PRINTED.write_text(printed(), encoding="utf-8")
