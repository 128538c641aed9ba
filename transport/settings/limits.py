"""The settings that say how much one operation, and one client, may ask for. They are part of configuration.Settings."""

from pydantic import BaseModel, Field

from execution import Limits
from transport.settings.door_limits import DoorSettings

_USUAL = Limits()
_DOOR = DoorSettings()


class LimitSettings(BaseModel):
    """How large operations may be, and what they may cost. Durations are seconds, sizes bytes, everything else is counted."""

    document_bytes: int = Field(_USUAL.bytes, ge=1_000, description="The most that a GraphQL document may have.")
    document_tokens: int = Field(
        _USUAL.tokens, ge=100, description="Words, numbers and signs that a document may have."
    )
    document_nesting: int = Field(
        _USUAL.nesting, ge=10, le=150, description="Brackets within each other that a document may have."
    )
    document_depth: int = Field(_USUAL.depth, ge=5, le=100, description="Fields within fields that may be asked for.")
    document_fields: int = Field(
        _USUAL.fields, ge=100, description="Fields and values of a document with its fragments written out."
    )
    document_repeats: int = Field(
        _USUAL.repeats, ge=100, description="Comparisons of fields that have the same name in the same place."
    )
    document_aliases: int = Field(_USUAL.aliases, ge=0, description="Aliases that a document may have.")
    document_root_fields: int = Field(
        _USUAL.root_fields, ge=1, description="Fields that an operation may ask for at its root."
    )
    document_directives: int = Field(_USUAL.directives, ge=0, description="Directives that a document may have.")
    document_fragments: int = Field(_USUAL.fragments, ge=0, le=300, description="Fragments that a document may have.")
    document_operations: int = Field(_USUAL.operations, ge=1, description="Operations that a document may have.")
    input_list_items: int = Field(
        _USUAL.list_items, ge=10, description="Entries of one list in the variables or in an argument."
    )
    input_depth: int = Field(
        _USUAL.input_depth, ge=3, le=100, description="Lists and objects within each other in variables or an argument."
    )
    input_values: int = Field(_USUAL.input_values, ge=50, description="Values that the variables may have in all.")
    errors_told: int = Field(_USUAL.errors, ge=1, le=100, description="Mistakes of one request that are told.")
    operation_seconds: float = Field(
        _USUAL.seconds, gt=0, le=600, description="How long a query or one answer of a subscription may take."
    )
    operation_cost: int = Field(_USUAL.cost, ge=100, description="The most that one operation may cost.")
    cost_bucket: float = Field(_DOOR.cost_bucket, ge=100, description="What a client may spend at once.")
    cost_per_second: float = Field(_DOOR.cost_per_second, gt=0, description="How much of it comes back each second.")
    trusted_cost_bucket: float = Field(
        _DOOR.trusted_cost_bucket, ge=100, description="What staff and partners may spend at once, each."
    )
    trusted_cost_per_second: float = Field(
        _DOOR.trusted_cost_per_second, gt=0, description="How much of that comes back each second."
    )
    cost_at_once: int = Field(
        _DOOR.cost_at_once,
        ge=1,
        description="What the queries of one client may cost that are worked on at once, and its events.",
    )
    upload_bytes: int = Field(_DOOR.upload_bytes, ge=1_000, description="The most that one uploaded file may have.")
    upload_count: int = Field(_DOOR.upload_count, ge=1, le=100, description="Files that one request may bring.")
    multipart_bytes: int = Field(
        _DOOR.multipart_bytes, ge=10_000, description="The most that a request with files may have."
    )

    def limits(self) -> Limits:
        """What the engine needs of the settings."""
        return Limits(
            bytes=self.document_bytes,
            tokens=self.document_tokens,
            nesting=self.document_nesting,
            depth=self.document_depth,
            fields=self.document_fields,
            repeats=self.document_repeats,
            aliases=self.document_aliases,
            root_fields=self.document_root_fields,
            directives=self.document_directives,
            fragments=self.document_fragments,
            operations=self.document_operations,
            list_items=self.input_list_items,
            input_depth=self.input_depth,
            input_values=self.input_values,
            errors=self.errors_told,
            cost=self.operation_cost,
            seconds=self.operation_seconds,
        )
