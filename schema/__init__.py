"""What clients see: types, inputs and enums, one file a noun; schema.graphql is printed from them (`schema.root`).

A GraphQL object's source value is the row itself, as the resolvers return it. A field is read off the row (`column`),
computed from it (`value`), asked of the store once for all parents of a level (`batch`), or has arguments (`field`):
fields.py. What the nouns share: scalars.py, enums.py, arguments.py, connection.py; references.py lets them name each other.
"""
