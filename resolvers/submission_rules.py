"""What a submission must be: every rule of the contract, all faults at once, in the words of both languages."""

import re
from dataclasses import dataclass

from domain.areas import AreaMap
from domain.places import Point
from domain.report import (
    ADDRESS_LENGTH,
    AHEAD_TOLERATED,
    MAX_FLOOD_DEPTH_CM,
    OLDEST_REPORTED,
    TEXT_LENGTH,
    TITLE_LENGTH,
)
from domain.time import DAY, micros
from resolvers.inputs import GivenContact, GivenPoint, SubmitReport
from resolvers.refusal import fault
from resolvers.typed_text import TypedText
from resolvers.user_errors import Fault, UserErrorCode
from storage.reports.contacts import Contact
from storage.reports.placing import Place
from storage.reports.submitting import Known

SOURCE_REF_LENGTH = 128
NAME_LENGTH, PHONE_LENGTH, EMAIL_LENGTH = 200, 40, 254
_NO_TEXT = ("Ceritakan dulu apa yang terjadi.", "Tell what happened.")
CLOSED_CATEGORY = fault(
    UserErrorCode.INVALID,
    "Kategori ini sudah tidak dipakai lagi. Pilih kategori lain.",
    "This category is no longer in use. Choose another.",
    "category",
)
_NO_REF = fault(
    UserErrorCode.REQUIRED,
    "Nomor laporan sendiri (sourceRef) kosong. Isi, atau jangan kirim bagian ini.",
    "The number of your own (sourceRef) is empty. Give it, or leave it out.",
    "sourceRef",
)
"""Not taken as left out: who sends blanks has lost its numbers on the way, and each retry would be a report more."""
_PHONE = re.compile(r"\+?[\d ().\-/]{5,}")
_EMAIL = re.compile(r"[^\s@]+@[^\s@]+\.[^\s@]+")


@dataclass(frozen=True, slots=True)
class Checked:
    """A submission's own words once they are in order. `reported_at` None: when the hub receives it."""

    text: str
    title: str | None
    address: str | None
    source_ref: str | None
    place: Place
    reported_at: int | None
    contact: Contact | None


class SubmissionCheck:
    """Goes through a submission and collects what is wrong; `checked` is of use only if nothing is."""

    def __init__(self, given: SubmitReport, known: Known, areas: AreaMap, *, now: int, partner: bool) -> None:
        self._given, self._known, self._areas, self._now = given, known, areas, now
        self.faults: list[Fault] = []
        typed = TypedText(self.faults)
        self._category()
        self.checked = Checked(
            text=typed.required(given.text, TEXT_LENGTH, "text", missing=_NO_TEXT),
            title=typed.optional(given.title, TITLE_LENGTH, "title"),
            address=typed.optional(given.address, ADDRESS_LENGTH, "address"),
            source_ref=self._source_ref(typed, partner),
            place=self._place(),
            reported_at=self._reported_at(),
            contact=None if given.contact is None else self._contact(typed, given.contact),
        )
        self._depth()

    def _say(self, code: UserErrorCode, indonesian: str, english: str, *path: str) -> None:
        self.faults.append(fault(code, indonesian, english, *path))

    def _category(self) -> None:
        if self._known.category_id is None:
            self._say(
                UserErrorCode.UNKNOWN,
                "Kategori ini tidak dikenal. Pilih salah satu dari daftar kategori.",
                "There is no such category. Choose one from the list of categories.",
                "category",
            )
        elif not self._known.category_active:
            self.faults.append(CLOSED_CATEGORY)

    def _place(self) -> Place:
        location, area = self._given.location, self._given.area
        if location is not None and area is not None:
            self._say(
                UserErrorCode.INVALID,
                "Berikan titik lokasi atau kode wilayah, jangan keduanya.",
                "Give a point or an area's code, not both.",
                "area",
            )
        if location is not None:
            return self._at(location)
        if area is None:
            self._say(
                UserErrorCode.REQUIRED,
                "Di mana kejadiannya? Berikan titik lokasi (location), atau kode wilayah (area) bila titiknya tidak diketahui.",
                "Where is it? Give a point (location), or an area's code (area) when no point is known.",
                "location",
            )
        elif not self._known.area:
            self._say(
                UserErrorCode.UNKNOWN,
                "Kode wilayah ini tidak dikenal.",
                "There is no area with this code.",
                "area",
            )
        return Place(area_code=area)

    def _at(self, location: GivenPoint) -> Place:
        try:
            point = Point(location.latitude, location.longitude)
        except ValueError:
            self._say(
                UserErrorCode.INVALID,
                "Koordinat ini tidak ada: lintang dari -90 sampai 90, bujur dari -180 sampai 180.",
                "There are no such coordinates: latitude goes from -90 to 90, longitude from -180 to 180.",
                "location",
            )
            return Place()
        area = self._areas.locate_point(point)
        if area is None:
            self._say(
                UserErrorCode.OUT_OF_AREA,
                "Lokasi ini di luar Jakarta. Geser titiknya ke tempat kejadian.",
                "This place is outside Jakarta. Move the point to where it happened.",
                "location",
            )
        return Place(point, area)

    def _reported_at(self) -> int | None:
        told = self._given.reported_at
        if told is None:
            return None
        at = micros(told)
        if at > self._now + AHEAD_TOLERATED:
            self._say(
                UserErrorCode.IN_THE_FUTURE,
                "Waktu laporan ini ada di masa depan. Periksa jam di perangkat Anda.",
                "This report's time lies in the future. Check your device's clock.",
                "reportedAt",
            )
        if at < self._now - OLDEST_REPORTED:
            days = OLDEST_REPORTED // DAY
            self._say(
                UserErrorCode.INVALID,
                f"Laporan ini lebih dari {days} hari yang lalu. Yang diterima paling lama {days} hari.",
                f"This report is more than {days} days old. Reports may be {days} days old at most.",
                "reportedAt",
            )
        return None if at > self._now else at

    def _depth(self) -> None:
        depth = self._given.flood_depth_cm
        if depth is not None and not 0 <= depth <= MAX_FLOOD_DEPTH_CM:
            self._say(
                UserErrorCode.INVALID,
                f"Kedalaman air harus 0 sampai {MAX_FLOOD_DEPTH_CM} cm.",
                f"The depth of the water must be 0 to {MAX_FLOOD_DEPTH_CM} cm.",
                "floodDepthCm",
            )

    def _source_ref(self, typed: TypedText, partner: bool) -> str | None:
        ref = typed.optional(self._given.source_ref, SOURCE_REF_LENGTH, "sourceRef")
        if ref is not None and not partner:
            self._say(
                UserErrorCode.FORBIDDEN,
                "Nomor laporan sendiri (sourceRef) hanya untuk mitra.",
                "Only partners may give a number of their own (sourceRef).",
                "sourceRef",
            )
        if partner and ref is None and self._given.source_ref is not None:
            self.faults.append(_NO_REF)
        return ref

    def _contact(self, typed: TypedText, given: GivenContact) -> Contact | None:
        contact = Contact(
            name=typed.optional(given.name, NAME_LENGTH, "contact", "name"),
            phone=typed.optional(given.phone, PHONE_LENGTH, "contact", "phone"),
            email=typed.optional(given.email, EMAIL_LENGTH, "contact", "email"),
        )
        if contact.phone is not None and len(contact.phone) <= PHONE_LENGTH and not _PHONE.fullmatch(contact.phone):
            self._say(
                UserErrorCode.INVALID,
                "Nomor telepon ini sepertinya keliru.",
                "This does not look like a telephone number.",
                "contact",
                "phone",
            )
        if contact.email is not None and len(contact.email) <= EMAIL_LENGTH and not _EMAIL.fullmatch(contact.email):
            self._say(
                UserErrorCode.INVALID,
                "Alamat email ini sepertinya keliru.",
                "This does not look like an e-mail address.",
                "contact",
                "email",
            )
        return None if contact == Contact() else contact
