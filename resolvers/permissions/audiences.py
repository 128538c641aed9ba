"""The rules by name: the words in which the table is written."""

from domain.roles import DISPATCH, OF_AN_AGENCY, ONLY_ADMINS, ONLY_PARTNERS, SIGNED_IN, STAFF
from domain.vocabulary import Scope
from resolvers.permissions.rules import Otherwise, Rule, Trait

EVERYONE = Rule(who="everybody who sees what it is on")
OWN = Rule(who="everybody, each as it is for them", own=True)

SEES_REPORT = Rule(
    who="everybody; of a confidential report its reporter, the agency that has it, dispatchers and admins",
    trait=Trait.CONFIDENTIAL,
    roles=DISPATCH,
    of_its_agency=OF_AN_AGENCY,
    reporter=True,
    otherwise=Otherwise.ABSENT,
    first=(Rule(who="nobody, once it is erased", trait=Trait.ERASED, otherwise=Otherwise.ABSENT),),
)
SEES_HIDDEN = Rule(
    who="who sees the report; hidden ones staff", trait=Trait.HIDDEN, roles=STAFF, otherwise=Otherwise.ABSENT
).behind(SEES_REPORT)
SEES_EVENT = Rule(
    who="who sees the report; kinds for staff staff", trait=Trait.STAFF_KIND, roles=STAFF, otherwise=Otherwise.ABSENT
).behind(SEES_REPORT)
SEES_FORWARDING = Rule(
    who="staff and the reporter", trait=Trait.ALWAYS, roles=STAFF, reporter=True, otherwise=Otherwise.ABSENT
).behind(SEES_REPORT)
SEES_TICKET = Rule(
    who="who sees the report it is joined to, with its true place; dispatchers and admins those held back",
    trait=Trait.HELD,
    roles=DISPATCH,
    otherwise=Otherwise.ABSENT,
).behind(
    SEES_REPORT,
    Rule(who="true places", trait=Trait.MOVED, roles=STAFF, reporter=True, otherwise=Otherwise.ABSENT),
)
SEES_SET_ASIDE = Rule(who="admins", trait=Trait.ALWAYS, roles=ONLY_ADMINS, otherwise=Otherwise.ABSENT)

TRUE_PLACE = Rule(
    who="staff and the reporter as told, others moved where the category is sensitive",
    trait=Trait.MOVED,
    roles=STAFF,
    reporter=True,
    otherwise=Otherwise.MOVED,
)
WHERE_NOT_MOVED = Rule(
    who="everybody; where the place is moved staff and the reporter", trait=Trait.MOVED, roles=STAFF, reporter=True
)
NAMED = Rule(who="everybody; of an anonymous report nobody", trait=Trait.NAMELESS)
FORWARDINGS = Rule(
    who="staff and the reporter", trait=Trait.ALWAYS, roles=STAFF, reporter=True, otherwise=Otherwise.EMPTY
)
NOTE = Rule(who="staff; notes that are told to all everybody", trait=Trait.INNER_NOTE, roles=STAFF)
ACTOR = Rule(
    who="everybody; of an anonymous report's reporter nobody, of support and ratings staff",
    trait=Trait.QUIET_ACTOR,
    roles=STAFF,
).behind(NAMED)
ACTOR_NAME = Rule(
    who="staff; a reporter's name everybody",
    trait=Trait.UNNAMED_ACTOR,
    roles=STAFF,
)

_REFUSED = Otherwise.REFUSED
STAFF_ONLY = Rule(who="staff", trait=Trait.ALWAYS, roles=STAFF, otherwise=_REFUSED)
ADMIN_ONLY = Rule(who="admins", trait=Trait.ALWAYS, roles=ONLY_ADMINS, otherwise=_REFUSED)
PERSON = Rule(
    who="who is signed in and no partner, or shows a follow token",
    trait=Trait.ALWAYS,
    roles=SIGNED_IN - ONLY_PARTNERS,
    reporter=True,
    otherwise=_REFUSED,
    own=True,
)

_FAULT = Otherwise.FAULT
NOT_OWN = Rule(who="everybody but the reporter", trait=Trait.MINE, otherwise=_FAULT).behind(SEES_REPORT)
SPEAKERS = Rule(
    who="the reporter, staff, the partner whose agency has it",
    trait=Trait.ALWAYS,
    roles=STAFF,
    of_its_agency=ONLY_PARTNERS,
    reporter=True,
    otherwise=_FAULT,
).behind(SEES_REPORT)
REPORTER = Rule(who="the reporter", trait=Trait.ALWAYS, reporter=True, otherwise=_FAULT).behind(SEES_REPORT)
REPORTER_OR_DISPATCH = Rule(
    who="the reporter, dispatchers and admins", trait=Trait.ALWAYS, roles=DISPATCH, reporter=True, otherwise=_FAULT
).behind(SEES_REPORT)
FORWARDERS = Rule(who="dispatchers and admins", trait=Trait.ALWAYS, roles=DISPATCH, otherwise=_FAULT).behind(
    SEES_REPORT
)
SETTLERS = Rule(who="dispatchers and admins", trait=Trait.ALWAYS, roles=DISPATCH, otherwise=_FAULT).behind(
    SEES_FORWARDING
)
AGENCY_PARTNER = Rule(
    who="the partner whose agency has it",
    trait=Trait.ALWAYS,
    of_its_agency=ONLY_PARTNERS,
    otherwise=_FAULT,
).behind(SEES_REPORT)
ADMINS = Rule(who="admins", trait=Trait.ALWAYS, roles=ONLY_ADMINS, otherwise=_FAULT)
PARTNERS = Rule(who="partners", trait=Trait.ALWAYS, roles=ONLY_PARTNERS, otherwise=Otherwise.FORBIDDEN_FAULT)

READ, SUBMIT, ACT, RECORD = Scope.REPORTS_READ, Scope.REPORTS_SUBMIT, Scope.REPORTS_ACT, Scope.STATUS_RECORD
