"""The words by which two reports are compared: stems without those that say nothing, English ones as Indonesian ones.

Jakarta reports in two languages, often in one sentence. The glossary makes `garbage` and `sampah` one word here; it is
for likeness only, a search stays true to the letters typed.
"""

from functools import cache

from domain.words import FIELD_BREAK, field_tokens, stem, tokens

_SAYS_NOTHING = """
    ada adalah agar akan aku atau bagi bahkan bahwa baru barusan bila bisa bukan buat cuma dan dapat dari dengan di
    dong dua gara hanya harus ini itu jadi jangan jika juga kalau kami kan karena ke kemarin kita kok lagi lalu lebih
    makin malah masih mau mulai nih nya oleh pada padahal para pun saat saja sama sambil sampai sangat saya sebelum
    sedang sehingga sejak sekali selalu seperti sering sini sudah supaya tadi tapi telah terlalu terus tiap tidak tak
    untuk waktu ya yang
    banget blm dgn gak ga nggak ngga gitu kayak sdh tdk udah utk yg
    bapak bu ibu kak min admin mohon pak tolong harap segera bantu
    hari jam kemarin malam minggu pagi semalam siang sore subuh sekarang tengah
    arah atas bawah belakang dekat depan samping sekitar seberang sebelah sepanjang sisi ujung
    gang gg jalan jl jln raya
    a again all an and any are as at be been before big but by for from has have he her his i in into is it its just
    last me my near next no nobody not now of off on or our out over please since some still that the their there they
    this to too up very was we were who with you
    evening morning night today tonight road street
"""
_GLOSSARY = """
    flood banjir  water air  rise naik  knee lutut  waist pinggang  tidal rob  sea laut  pump pompa
    garbage sampah  trash sampah  rubbish sampah  waste sampah  rotten busuk  smell bau  drain saluran  clogged mampet
    pothole lubang  hole lubang  bolong lubang  broken rusak  damaged rusak  asphalt aspal  bridge jembatan
    light lampu  pju lampu  pole tiang  dark gelap  dead mati  padam mati
    parking parkir  car mobil  motorbike motor  motorcycle motor  bike motor  truck truk  bus bis
    sidewalk trotoar  pavement trotoar  vendor pedagang  pkl pedagang  stall lapak
    tree pohon  fell tumbang  fallen tumbang  roboh tumbang  branch dahan
    fire bakar  api bakar  smoke asap  burn bakar  house rumah  market pasar  school sekolah  station stasiun
    brawl tawuran  perkelahian tawuran  thief curi  stolen curi  snatch jambret  stone batu
    noise bising  noisy bising  berisik bising  loud bising  music musik
    beggar pengemis  begging pengemis  baby bayi  woman ibu  child anak  children anak
    jockey joki  traffic macet  stuck macet  congestion macet
    tap ledeng  keran ledeng  kran ledeng  pam ledeng  pdam ledeng  brown coklat  leak bocor  pipe pipa
    swing ayunan  toilet wc  escalator eskalator  playground mainan  flooded banjir  tergenang banjir  rendam banjir
"""


@cache
def _stop_stems() -> frozenset[str]:
    return frozenset(tokens(_SAYS_NOTHING)) | {FIELD_BREAK}


@cache
def _same_as() -> dict[str, str]:
    words = _GLOSSARY.split()
    return {stem(word): stem(meaning) for word, meaning in zip(words[::2], words[1::2], strict=True)}


def telling_words(*fields: str | None) -> frozenset[str]:
    """The words of a report's fields that tell what happened where."""
    same_as, stop_stems = _same_as(), _stop_stems()
    return frozenset(same_as.get(word, word) for word in field_tokens(*fields) if word not in stop_stems)
