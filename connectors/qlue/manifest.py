"""What the Qlue connector declares of itself."""

from connectors.manifest import GOLD, Capability, Delivery, Manifest, Profile
from domain.vocabulary import SourceKind

FEED = Profile(
    name="feed",
    reconstructed=True,
    summary="qluein_marker_level1.php, as Peta Jakarta read it in 2015-16; also the push form of /feeds/qlue",
    capabilities=frozenset({Capability.REPORTS, Capability.PUSH}),
)
PUSH = Profile(
    name="push",
    reconstructed=False,
    summary="the push form of Peta Jakarta's /feeds/qlue alone; nothing is polled",
    capabilities=frozenset({Capability.PUSH}),
)

MANIFEST = Manifest(
    code="qlue",
    name="Qlue",
    kind=SourceKind.CITIZEN_APP,
    owner="PT Qlue Performa Indonesia",
    licence="None published; use is by agreement with Qlue",
    delivery=frozenset({Delivery.POLL, Delivery.PUSH}),
    profiles=(FEED, PUSH),
    poll_seconds=60,
    quality=GOLD,
    links={"home": "https://qlue.id"},
)
