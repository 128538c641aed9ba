"""Every mutation on every sort of report by everybody: what each input is, and what the table says of it.

The inputs are such that who may gets no further than a fault of another kind: nothing changes but that there is a comment
or a support more.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from resolvers.permissions import RULES, Otherwise
from schema.root import graphql_schema
from tests.permission_asking import Answer, all_fields, kind_named
from tests.permission_judging import Judge, expected_code, lacks_scope
from tests.permission_world import REPORTS, Asker, PermissionWorld

LONG_AGO = '"2001-01-01T00:00:00Z"'
NOWHERE = "AAAAAAAAAAAAAAAAAAAAAA"
"""What looks like an id and is none."""

TARGETS = ("public", "moved", "confidential", "nameless", "erased", "nowhere")
REFUSALS = frozenset({"UNAUTHENTICATED", "FORBIDDEN", "NOT_FOUND"})


@dataclass(frozen=True)
class Target:
    """The ids that are acted on."""

    report: str
    forwarding: str


INPUTS: dict[str, Callable[[Target], str]] = {
    "submitReport": lambda _: (
        'text: "a", category: "none", title: "b", address: "c", photos: [], location: {latitude: -6.2, longitude: 106.8}, '
        'area: "x", anonymous: true, confidential: true, contact: {name: "d", phone: "e", email: "f"}, '
        f'forwardContact: true, floodDepthCm: 1, sourceRef: "g", reportedAt: {LONG_AGO}'
    ),
    "addPhotos": lambda on: f'reportId: "{on.report}", photos: [], phase: AFTER, followToken: null',
    "supportReport": lambda on: f'reportId: "{on.report}"',
    "unsupportReport": lambda on: f'reportId: "{on.report}"',
    "commentOnReport": lambda on: f'reportId: "{on.report}", text: "Halo", followToken: null',
    "withdrawReport": lambda on: (
        f'reportId: "{on.report}", note: "Sudah", followToken: null, ifUnchangedSince: {LONG_AGO}'
    ),
    "setConfidential": lambda on: (
        f'reportId: "{on.report}", confidential: true, followToken: null, ifUnchangedSince: {LONG_AGO}'
    ),
    "forwardToLapor": lambda on: f'reportId: "{on.report}", note: "Tolong"',
    "settleForwarding": lambda on: (
        f'forwardingId: "{on.forwarding}", outcome: ARRIVED, externalRef: null, note: "Ketemu"'
    ),
    "recordAgencyStatus": lambda on: (
        f'reportId: "{on.report}", status: IN_PROGRESS, at: {LONG_AGO}, note: "Jalan", agencyRef: "B-1", '
        f"ifUnchangedSince: {LONG_AGO}"
    ),
    "syncSource": lambda _: 'source: "simpul"',
    "retrySetAside": lambda _: "ids: []",
    "revokeAccess": lambda _: f'subject: "a", tokenId: "b", agency: "none", issuedBefore: {LONG_AGO}',
}


def target(world: PermissionWorld, name: str) -> Target:
    """What is acted on: one of the world's reports, or nothing that there is."""
    if name not in REPORTS:
        return Target(NOWHERE, NOWHERE)
    return Target(world.things[name].id, world.things[f"{name} forwarding"].id)


def operation(world: PermissionWorld, name: str, key: Callable[[], str]) -> str:
    """All mutations at once, each with a key of its own."""
    mutation = graphql_schema().mutation_type
    assert mutation is not None
    on = target(world, name)
    parts = []
    for act, made in mutation.fields.items():
        payload = all_fields(kind_named(str(made.type)))
        parts.append(f'{act}(input: {{{INPUTS[act](on)}, idempotencyKey: "{key()}"}}) {payload}')
    return "mutation { " + " ".join(parts) + " }"


def faults_of(world: PermissionWorld, asker: Asker, name: str, answer: Answer) -> Iterator[str]:
    """What of an answer is not as the table has it."""
    errors = {error["path"][0]: error["extensions"] for error in answer.get("errors", ())}
    for act in INPUTS:
        rule = RULES[f"Mutation.{act}"]
        payload, error = answer["data"][act], errors.pop(act, None)
        if lacks_scope(asker, rule):
            if payload is not None or error is None or (error["code"], error.get("scope")) != ("FORBIDDEN", rule.scope):
                yield f"{act}: {rule.scope} should be missing, not {error}"
        elif payload is None:
            yield f"{act}: {error}"
        else:
            refusal = rule.refusal(asker.viewer, asker.standing(REPORTS.get(name)))
            if name == "nowhere" and Otherwise.ABSENT in {each.otherwise for each in rule.first}:
                refusal = Otherwise.ABSENT
            yield from _payload_faults(world, asker, act, payload, refusal)
    yield from (f"{act}: {error}" for act, error in errors.items())


def _payload_faults(
    world: PermissionWorld, asker: Asker, act: str, payload: Answer, refusal: Otherwise | None
) -> Iterator[str]:
    told = payload["userErrors"]
    codes = [each["code"] for each in told]
    if any(not each["path"] or not each["message"] for each in told if each["code"] != "SOURCE_UNAVAILABLE"):
        yield f"{act}: faults without a path or words: {told}"
    if refusal is not None:
        if codes != [expected_code(asker, refusal)]:
            yield f"{act}: {expected_code(asker, refusal)} was expected, not {codes}"
    elif act == "submitReport":
        mine = RULES["SubmitReportInput.sourceRef"].refusal(asker.viewer)
        refused = [each["code"] for each in told if each["path"] == ["sourceRef"]]
        if refused != ([] if mine is None else ["FORBIDDEN"]):
            yield f"{act}: sourceRef: {refused}"
    elif REFUSALS & set(codes):
        yield f"{act}: may be done, but {codes}"
    report = payload.get("report")
    if report is not None and not Judge(world, asker).may_know(report["id"]):
        yield f"{act}: shows a report that this viewer may not see"
