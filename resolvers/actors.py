"""Who did something, as far as a viewer may know."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ActorRow:
    """Somebody by role. `person_id` is None where the viewer may not see who it was; then there is no name either."""

    role: str
    agency_id: int | None
    person_id: int | None
