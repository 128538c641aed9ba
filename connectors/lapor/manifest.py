"""What the LAPOR connector declares of itself."""

from connectors.manifest import SILVER, Capability, Delivery, Manifest, Profile, QualityRule
from domain.vocabulary import SourceKind

XML = Profile(
    name="lapor-xml",
    reconstructed=True,
    summary="POST /api/stream/addstream, as a client of 2018 called it: handing reports on",
    capabilities=frozenset({Capability.SUBMIT, Capability.TICKETS, Capability.REPORTS, Capability.TOPICS}),
)
CSV = Profile(
    name="csv",
    reconstructed=True,
    summary="an export file of tickets, for agencies without a developer account; the columns are ours",
    capabilities=frozenset({Capability.SUBMIT, Capability.TICKETS, Capability.REPORTS, Capability.TOPICS}),
)
F01 = Profile(
    name="lapor-f01",
    reconstructed=True,
    summary="POST /api/services/f01/gettopics, as a public page describes it: the list of topics",
    capabilities=frozenset({Capability.SUBMIT, Capability.TICKETS, Capability.REPORTS, Capability.TOPICS}),
)

MANIFEST = Manifest(
    code="lapor",
    name="LAPOR 1708",
    kind=SourceKind.COMPLAINT_SYSTEM,
    owner="Kementerian PANRB",
    licence="None published; tickets are the agencies' own, used by agreement with them",
    delivery=frozenset({Delivery.POLL, Delivery.FILE}),
    profiles=(XML, CSV, F01),
    poll_seconds=300,
    quality=SILVER | {QualityRule.KEEPS_NO_NAMES},
    links={"home": "https://www.lapor.go.id"},
)
