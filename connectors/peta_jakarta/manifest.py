"""What the Peta Jakarta connector declares of itself."""

from connectors.manifest import GOLD, Capability, Delivery, Manifest, Profile
from domain.vocabulary import SourceKind

V3 = Profile(
    name="v3",
    reconstructed=False,
    summary="data.petabencana.id, CogniCity v3: reports, flood areas, gauges",
    capabilities=frozenset(
        {Capability.REPORTS, Capability.FLOOD_AREAS, Capability.GAUGES, Capability.SUBMIT},
    ),
)
V2 = Profile(
    name="v2",
    reconstructed=False,
    summary="petajakarta.org 2014-2017, /banjir/data/api/v2: reports and gauges; it had no flood areas",
    capabilities=frozenset({Capability.REPORTS, Capability.GAUGES}),
)

MANIFEST = Manifest(
    code="peta_jakarta",
    name="Peta Jakarta",
    kind=SourceKind.FLOOD_MAP,
    owner="Yayasan Peta Bencana",
    licence="Not told by the API; ask PetaBencana.id before publishing its data again",
    delivery=frozenset({Delivery.POLL}),
    profiles=(V3, V2),
    poll_seconds=60,
    quality=GOLD,
    links={"home": "https://petabencana.id", "docs": "https://docs.petabencana.id"},
)
