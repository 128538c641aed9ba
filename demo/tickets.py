"""LAPOR's tickets: how each one moves from status to status, and what the agencies answer."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

STATUSES = (
    "Belum Diverifikasi",
    "Terverifikasi",
    "Disposisi",
    "Diproses",
    "Selesai",
    "Ditutup",
    "Ditolak",
    "Tunda",
    "Bukan Wewenang",
    "Arsip",
)
"""LAPOR's words for where a ticket is. The last three are the admins' own actions."""

_PATHS: tuple[tuple[int, tuple[str, ...]], ...] = (
    (46, ("Terverifikasi", "Disposisi", "Diproses", "Selesai")),
    (20, ("Terverifikasi", "Disposisi", "Diproses", "Selesai", "Ditutup")),
    (12, ("Terverifikasi", "Disposisi", "Diproses")),
    (6, ("Terverifikasi", "Tunda", "Disposisi", "Diproses")),
    (5, ("Terverifikasi", "Bukan Wewenang")),
    (6, ("Ditolak",)),
    (5, ("Arsip",)),
)
_ANSWERS: dict[str, tuple[str, ...]] = {
    "Disposisi": (
        "Laporan diteruskan ke unit kerja terkait.",
        "Sudah kami disposisikan ke petugas wilayah.",
        "Laporan diteruskan; mohon menunggu tindak lanjut.",
    ),
    "Diproses": (
        "Petugas sedang menuju lokasi.",
        "Tim sudah di lokasi dan sedang bekerja; nomor tugas {nomor}.",
        "Pekerjaan dijadwalkan malam ini; alat berat menyusul.",
    ),
    "Selesai": (
        "Sudah ditangani. Terima kasih atas laporannya.",
        "Pekerjaan selesai; mohon dicek kembali; bila belum tuntas silakan lapor lagi.",
        'Lokasi sudah bersih. Petugas menuliskan: "tuntas".',
    ),
    "Tunda": ("Mohon lengkapi alamat dan foto agar dapat diproses.",),
    "Bukan Wewenang": ("Kewenangan berada pada pemerintah pusat; silakan lapor ke kementerian terkait.",),
    "Ditolak": ("Laporan ganda; sudah ada dengan nomor lain.",),
}

_BY_KIND: dict[str, tuple[str, str]] = {
    "flood": ("Banjir", "Dinas Sumber Daya Air"),
    "traffic": ("Kemacetan", "Dinas Perhubungan"),
    "jockey": ("Joki 3in1", "Satuan Polisi Pamong Praja"),
    "parking": ("Parkir Liar", "Dinas Perhubungan"),
    "beggars": ("Penyandang Masalah Sosial", "Dinas Sosial"),
    "waste": ("Sampah", "Dinas Lingkungan Hidup"),
    "road": ("Jalan Rusak", "Dinas Bina Marga"),
    "lamp": ("Lampu Jalan", "Dinas Bina Marga"),
    "vendors": ("Pedagang Kaki Lima", "Satuan Polisi Pamong Praja"),
    "tree": ("Pohon Tumbang", "Dinas Pertamanan dan Hutan Kota"),
    "fire": ("Kebakaran", "Dinas Penanggulangan Kebakaran dan Penyelamatan"),
    "crime": ("Ketertiban Umum", "Satuan Polisi Pamong Praja"),
    "water": ("Air Bersih", "PAM Jaya"),
    "noise": ("Gangguan Suara", "Dinas Lingkungan Hidup"),
    "facility": ("Fasilitas Umum", "Dinas Bina Marga"),
    "other": ("Lainnya", "Biro Pemerintahan"),
}
TOPICS = tuple(sorted({topic for topic, _ in _BY_KIND.values()}))
"""The categories as LAPOR writes them, in one fixed order."""


@dataclass(frozen=True)
class Step:
    """A move of a ticket: when, to which status, and what was answered with it, if anything."""

    at: datetime
    status: str
    answer: str


@dataclass(frozen=True)
class Ticket:
    """A complaint in LAPOR. `agency` answers for it from the moment of disposition."""

    number: int
    title: str
    text: str
    category: str
    classification: str
    agency: str
    area: str
    created: datetime
    secret: bool
    anonymous: bool
    steps: tuple[Step, ...]

    def steps_until(self, now: datetime) -> tuple[Step, ...]:
        """The moves made so far."""
        return tuple(step for step in self.steps if step.at <= now)

    def status(self, now: datetime) -> str:
        """LAPOR's word for where the ticket is now."""
        done = self.steps_until(now)
        return done[-1].status if done else STATUSES[0]

    def updated(self, now: datetime) -> datetime:
        """When it moved last."""
        done = self.steps_until(now)
        return done[-1].at if done else self.created

    def agency_at(self, now: datetime) -> str:
        """The agency in charge now; nobody is before the ticket has been handed on."""
        disposed = any(step.status in ("Disposisi", "Bukan Wewenang") for step in self.steps_until(now))
        return self.agency if disposed else ""


def category_and_agency(kind: str) -> tuple[str, str]:
    """LAPOR's category for a kind of report, and the agency that gets it."""
    return _BY_KIND.get(kind, _BY_KIND["other"])


def classify(kind: str, random: Random) -> str:
    """One of LAPOR's three classes; nearly everything is a complaint."""
    if kind == "other":
        return random.choice(("Aspirasi", "Permintaan Informasi", "Pengaduan"))
    return "Pengaduan" if random.random() < 0.94 else "Aspirasi"


def plan(created: datetime, number: int, pace: float, random: Random) -> tuple[Step, ...]:
    """Lay down how a ticket will move: first after a minute or so of the story, then every few minutes."""
    path = random.choices([path for _, path in _PATHS], [weight for weight, _ in _PATHS])[0]
    return tuple(_steps(path, created, number, pace, random))


def _steps(path: tuple[str, ...], created: datetime, number: int, pace: float, random: Random) -> Iterator[Step]:
    at = created
    for status in path:
        at += timedelta(minutes=random.uniform(1.2, 12) / pace)
        answers = _ANSWERS.get(status)
        answer = random.choice(answers).format(nomor=number % 1000) if answers else ""
        yield Step(at, status, answer)
