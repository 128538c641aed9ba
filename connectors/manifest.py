"""What a connector declares of itself, before it is ever asked for anything. The contract suite holds it to this."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from domain.vocabulary import SourceKind


class Delivery(StrEnum):
    """How data come from the source."""

    POLL = "poll"
    PUSH = "push"
    FILE = "file"


class Capability(StrEnum):
    """What a connector can do."""

    REPORTS = "reports"
    FLOOD_AREAS = "flood_areas"
    GAUGES = "gauges"
    TICKETS = "tickets"
    TOPICS = "topics"
    SUBMIT = "submit"
    PUSH = "push"


class QualityRule(StrEnum):
    """A promise that a test checks, by tiers as in Home Assistant's quality scale: bronze is what every connector keeps."""

    MAPS_PURELY = "maps-purely"
    """bronze: the same raw record always gives the same records, without clock, network or state."""
    CLOSED_ERRORS = "closed-errors"
    """bronze: whatever the source answers, only errors of connectors/errors.py come out."""
    SETS_ASIDE = "sets-aside"
    """bronze: one record that cannot be mapped never keeps back the others."""
    NOTHING_TWICE = "nothing-twice"
    """silver: a second fetch from the checkpoint brings nothing that differs for an unchanged source."""
    RESUMES = "resumes"
    """silver: a fetch that breaks off and starts again from its last checkpoint loses nothing."""
    BACKFILL_MARKED = "backfill-marked"
    """silver: what a first sync brings is marked, so that nobody is alarmed by last week's floods."""
    KEEPS_NO_NAMES = "keeps-no-names"
    """gold: people's names leave fetch as an HMAC or not at all."""


BRONZE = frozenset({QualityRule.MAPS_PURELY, QualityRule.CLOSED_ERRORS, QualityRule.SETS_ASIDE})
SILVER = BRONZE | {QualityRule.NOTHING_TWICE, QualityRule.RESUMES, QualityRule.BACKFILL_MARKED}
GOLD = SILVER | {QualityRule.KEEPS_NO_NAMES}


@dataclass(frozen=True, slots=True)
class Profile:
    """One dialect of a system. `reconstructed`: known from clients or public pages only, not from the system's own source."""

    name: str
    reconstructed: bool
    summary: str
    capabilities: frozenset[Capability]


@dataclass(frozen=True, slots=True)
class Manifest:
    """Who and what a connector is. `licence` is that of the data; `owner` runs the system; `code` is the folder's name."""

    code: str
    name: str
    kind: SourceKind
    owner: str
    licence: str
    delivery: frozenset[Delivery]
    profiles: tuple[Profile, ...]
    poll_seconds: float
    quality: frozenset[QualityRule] = BRONZE
    links: Mapping[str, str] = field(default_factory=dict)

    def profile(self, name: str) -> Profile:
        """The profile of that name. Raises KeyError for one that is not declared."""
        return {profile.name: profile for profile in self.profiles}[name]

    @property
    def capabilities(self) -> frozenset[Capability]:
        """All that any profile can do."""
        return frozenset().union(*(profile.capabilities for profile in self.profiles))
