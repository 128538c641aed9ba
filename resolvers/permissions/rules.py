"""What a rule is: whom a trait of a thing keeps out, and what they get instead.

Most things have no such trait for most viewers, so a rule reads: *where the thing has this trait, only these may; else
everybody who got so far*. `Trait.ALWAYS` is the trait of everything.
"""

from dataclasses import dataclass, field, replace
from enum import StrEnum

from domain.vocabulary import Role, Scope
from resolvers.viewer import Viewer


class Trait(StrEnum):
    """What a thing may have about it that keeps somebody out."""

    ALWAYS = "always"
    CONFIDENTIAL = "the report is confidential"
    ERASED = "the report was erased"
    MOVED = "the report's place is told moved"
    NAMELESS = "the report is anonymous"
    MINE = "the viewer told the report"
    HIDDEN = "staff hid it"
    HELD = "LAPOR keeps the ticket confidential, or it is held until a forwarding is settled"
    STAFF_KIND = "the event is of a kind for staff"
    INNER_NOTE = "the note is not one of those told to all"
    QUIET_ACTOR = "somebody supported or rated"
    UNNAMED_ACTOR = "somebody else than the reporter did it"


class Otherwise(StrEnum):
    """What who is kept out gets. UNAUTHENTICATED is for nobody in particular, FORBIDDEN for somebody else."""

    ABSENT = "null, no entry in lists and counts, NOT_FOUND in mutations"
    NULL = "null"
    EMPTY = "an empty list"
    MOVED = "the public place"
    REFUSED = "the error UNAUTHENTICATED or FORBIDDEN"
    FAULT = "UNAUTHENTICATED or FORBIDDEN among userErrors"
    FORBIDDEN_FAULT = "FORBIDDEN among userErrors"


@dataclass(frozen=True, slots=True)
class Standing:
    """How a thing stands to a viewer. `of_its_agency`: the viewer's agency has the report."""

    traits: frozenset[Trait] = frozenset()
    mine: bool = False
    of_its_agency: bool = False

    def has(self, trait: Trait) -> bool:
        """Whether the thing has a trait."""
        return trait is Trait.ALWAYS or trait in self.traits or (trait is Trait.MINE and self.mine)


NOTHING_KNOWN = Standing()


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """Who may. `trait` None: nobody is kept out.

    `own`: the value is another for each viewer or class, so that equal values prove nothing. `first`: rules that come
    before this one. `scope`: what an API key must have been given.
    """

    who: str
    trait: Trait | None = None
    roles: frozenset[Role] = frozenset()
    of_its_agency: frozenset[Role] = frozenset()
    reporter: bool = False
    otherwise: Otherwise = Otherwise.NULL
    own: bool = False
    scope: Scope | None = None
    first: tuple["Rule", ...] = field(default=())

    @property
    def by_role_alone(self) -> bool:
        """Whether who somebody is decides it, with an error for the others, whatever it is asked of."""
        return self.otherwise is Otherwise.REFUSED and self.trait is Trait.ALWAYS and not self.reporter

    def allows(self, viewer: Viewer, standing: Standing = NOTHING_KNOWN) -> bool:
        """Whether this viewer may, scopes apart."""
        return self.refusal(viewer, standing) is None

    def refusal(self, viewer: Viewer, standing: Standing = NOTHING_KNOWN) -> Otherwise | None:
        """What the viewer gets instead; None when it may."""
        for earlier in self.first:
            refused = earlier.refusal(viewer, standing)
            if refused is not None:
                return refused
        return None if self._lets(viewer, standing) else self.otherwise

    def _lets(self, viewer: Viewer, standing: Standing) -> bool:
        if self.trait is None or not standing.has(self.trait):
            return True
        if viewer.role in self.roles or (self.reporter and standing.mine):
            return True
        return standing.of_its_agency and viewer.role in self.of_its_agency

    def needing(self, scope: Scope) -> "Rule":
        """The same, and an API key needs this scope."""
        return replace(self, scope=scope)

    def behind(self, *first: "Rule") -> "Rule":
        """The same, for who passes these first."""
        return replace(self, first=(*first, *self.first))
