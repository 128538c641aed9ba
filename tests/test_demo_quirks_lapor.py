"""Quirks of LAPOR, each by name with its proof."""

import re
from datetime import timedelta
from xml.etree import ElementTree

import httpx
import pytest

from demo import lapor
from demo.tickets import STATUSES
from tests.quirks import START, Proof, Quirks, World, shared, world

__all__ = ["shared", "world"]

quirk = Quirks()


@quirk("lapor addstream: XML in, trackingid and transaksiid out")
def _(world: World) -> None:
    answer = world.complain("Lampu jalan mati")
    assert answer.headers["content-type"].startswith("text/xml")
    told = ElementTree.fromstring(answer.content)
    assert told.findtext("trackingid") and told.findtext("transaksiid")


@quirk("lapor addstream: no idempotency, the same complaint twice makes two tickets")
def _(world: World) -> None:
    for _ in range(2):
        world.complain("Dikirim dua kali")
    assert [ticket["isi"] for ticket in world.tickets()].count("Dikirim dua kali") == 2


@quirk("lapor addstream: an unknown token is refused")
def _(world: World) -> None:
    assert world.complain("x", token="00000000-0000-0000-0000-000000000000").status_code == 403


@quirk("lapor addstream: rahasia and anonim are kept")
def _(world: World) -> None:
    world.complain("Laporan rahasia saya", flags='rahasia="1" anonim="1"')
    ticket = next(one for one in world.tickets() if one["isi"] == "Laporan rahasia saya")
    assert (ticket["rahasia"], ticket["anonim"]) == ("ya", "ya")


@quirk("lapor addstream: an answer can be lost after the write")
def _(world: World) -> None:
    world.lapor.post("/_control", json={"fault": "answer_lost"})
    with pytest.raises(httpx.TransportError):
        world.complain("Jawaban hilang [SIMPUL-REF 7]")
    world.lapor.post("/_control", json={"fault": "none"})
    assert [ticket["isi"] for ticket in world.tickets()].count("Jawaban hilang [SIMPUL-REF 7]") == 1


@quirk("lapor addstream: only the text travels; the ticket shows it whole, reference included, and its tracking id")
def _(world: World) -> None:
    text = "Banjir di RW 05.\nTempat: -6.2100, 106.8600\nKode: SIMPUL-ABC-123"
    tracking = ElementTree.fromstring(world.complain(text).content).findtext("trackingid")
    ticket = next(one for one in world.tickets() if one["nomor_laporan"] == tracking)
    assert (ticket["isi"], ticket["wilayah"], ticket["status"]) == (text, "", "Belum Diverifikasi")


@quirk("lapor gettopics: KEYTOKEN opens a flat list with parents")
def _(world: World) -> None:
    path = "/api/services/f01/gettopics"
    assert world.lapor.post(path).status_code == 401
    by_header = world.lapor.post(path, headers={"KEYTOKEN": lapor.KEYTOKEN}).json()
    assert by_header == world.lapor.post(path, data={"KEYTOKEN": lapor.KEYTOKEN}).json()
    assert {tuple(topic) for topic in by_header} == {("id", "parent", "topic_name")}
    assert {topic["parent"] for topic in by_header} == {0, 1}


@quirk("lapor export: these columns, in this order")
def _(world: World) -> None:
    assert tuple(world.tickets()[0]) == lapor.COLUMNS


@quirk("lapor export: UTF-8 or Windows-1252, semicolons or commas")
def _(world: World) -> None:
    world.complain("Café “Betawi” ramai")
    plain = world.tickets()
    assert world.tickets(delimiter=",") == plain
    assert world.tickets(encoding="windows-1252", delimiter=",") == plain
    assert b"Caf\xe9 \x93" in world.lapor.get("/export/tickets.csv?encoding=windows-1252").content


@quirk("lapor export: times are Jakarta's, day first")
def _(world: World) -> None:
    world.complain("Jam berapa sekarang")
    ticket = next(one for one in world.tickets() if one["isi"] == "Jam berapa sekarang")
    assert ticket["tanggal_laporan"] == "20/02/2026 18:10"


@quirk("lapor export: three classes")
def _(world: World) -> None:
    world.clock.set(START + timedelta(hours=3))
    classes = {ticket["klasifikasi"] for ticket in world.tickets()}
    assert classes == {"Pengaduan", "Aspirasi", "Permintaan Informasi"}


@quirk("lapor export: the admins' own words appear (tunda, bukan wewenang, arsip)")
def _(world: World) -> None:
    world.clock.set(START + timedelta(hours=3))
    words = {ticket["status"] for ticket in world.tickets()}
    assert {"Bukan Wewenang", "Arsip", "Ditolak", "Ditutup", "Selesai"} <= words <= set(STATUSES)


@quirk("lapor export: follow-ups are dated lines within one quoted cell")
def _(world: World) -> None:
    line = re.compile(r"\d\d/\d\d/\d{4} \d\d:\d\d [^:]+: .+")
    answered = [ticket["tindak_lanjut"] for ticket in world.tickets() if "\n" in ticket["tindak_lanjut"]]
    assert answered
    assert all(line.fullmatch(part) for cell in answered for part in cell.split("\n"))


@quirk("lapor export: tickets move on, those handed in too")
def _(world: World) -> None:
    tracking = ElementTree.fromstring(world.complain("Bergerak").content).findtext("trackingid")
    world.clock.advance(3600)
    moved = next(one for one in world.tickets() if one["nomor_laporan"] == tracking)
    assert moved["status"] != "Belum Diverifikasi"
    assert moved["tanggal_perbarui"] != moved["tanggal_laporan"]


@pytest.mark.parametrize("proof", quirk.proofs)
def test_quirk(proof: Proof, world: World) -> None:
    proof(world)
