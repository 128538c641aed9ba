"""Roles that go together. What each group may is told by the table in resolvers/permissions and by `Visibility`."""

from domain.vocabulary import Role

ALL_ROLES = frozenset(Role)

SIGNED_IN = ALL_ROLES - {Role.ANONYMOUS}
"""Whoever the hub knows."""

STAFF = frozenset({Role.RESPONDER, Role.DISPATCHER, Role.ADMIN})
"""The city's own people. They see true places."""

ONLY_ADMINS = frozenset({Role.ADMIN})
"""Those who keep the hub in order."""

DISPATCH = frozenset({Role.DISPATCHER, Role.ADMIN})
"""Those who see every report and send somebody."""

ONLY_PARTNERS = frozenset({Role.PARTNER})
"""Other systems, and those who work in them."""

OF_AN_AGENCY = frozenset({Role.RESPONDER, Role.PARTNER})
"""Those who see the confidential reports that their own agency has."""
