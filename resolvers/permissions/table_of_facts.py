"""What is no citizen's: areas, floods, categories, agencies, sources, the hub itself. Who sees what of it."""

from resolvers.permissions.audiences import ADMIN_ONLY, EVERYONE, OWN, READ, SEES_SET_ASIDE
from resolvers.permissions.entries import PAGED, Table, TypeEntry

OF_FACTS: Table = {
    "Node": TypeEntry(EVERYONE, {EVERYONE: "id"}),
    "Category": TypeEntry(
        EVERYONE,
        {
            EVERYONE: "id code name(locale) description(locale) parent agency respondWithinMinutes resolveWithinMinutes "
            "active",
        },
    ),
    "Agency": TypeEntry(EVERYONE, {EVERYONE: "id code name"}),
    "Area": TypeEntry(
        EVERYONE,
        {
            EVERYONE: "id code name level parent children centroid bounds boundary(toleranceMeters) boundaryApproximate "
            "floodAreas",
            OWN.needing(READ): f"reports(filter orderBy {PAGED}) statistics(filter)",
        },
    ),
    "Coordinates": TypeEntry(EVERYONE, {EVERYONE: "latitude longitude"}),
    "BoundingBox": TypeEntry(EVERYONE, {EVERYONE: "west south east north"}),
    "FloodArea": TypeEntry(
        EVERYONE,
        {
            EVERYONE: "id sourceRef name area state boundary(toleranceMeters) lastUpdatedAt observedAt stale "
            f"changes(since {PAGED})",
            OWN.needing(READ): "reports(since first after)",
        },
    ),
    "FloodAreaChange": TypeEntry(EVERYONE, {EVERYONE: "kind area state previousState at", OWN: "cursor"}),
    "FloodGauge": TypeEntry(EVERYONE, {EVERYONE: f"id sourceRef name location latest readings(since {PAGED})"}),
    "FloodGaugeReading": TypeEntry(EVERYONE, {EVERYONE: "measuredAt depthCm warningLevel warningName"}),
    "Source": TypeEntry(
        EVERYONE,
        {
            EVERYONE: "id code name kind state lastSuccessAt lastErrorAt nextAttemptAt lastError setAsideCount profile "
            "reconstructed licence",
            OWN: "recordCount lagSeconds",
            ADMIN_ONLY: f"setAside({PAGED})",
        },
    ),
    "SetAsideRecord": TypeEntry(SEES_SET_ASIDE, {EVERYONE: "id sourceRef reason firstSeenAt attempts raw"}),
    "Limits": TypeEntry(
        EVERYONE,
        {
            EVERYONE: "textLength titleLength photosPerReport photoBytes photoContentTypes",
            OWN: "oldestReportedAt eventsKeptSince",
        },
    ),
    "Viewer": TypeEntry(EVERYONE, {OWN: "id role displayName agency scopes sessionExpiresAt"}),
    **{
        f"{noun}Edge": TypeEntry(EVERYONE, {OWN: "cursor", EVERYONE: "node"})
        for noun in ("FloodAreaChange", "FloodGaugeReading", "SetAsideRecord")
    },
    **{
        f"{noun}Connection": TypeEntry(EVERYONE, {OWN: "edges nodes pageInfo"})
        for noun in ("FloodAreaChange", "FloodGaugeReading")
    },
    "SetAsideRecordConnection": TypeEntry(EVERYONE, {OWN: "edges nodes pageInfo totalCount"}),
}
