"""LAPOR: what is sent and what each kind of silence means; exports in every form that agencies' tools write; topics."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from defusedxml.ElementTree import fromstring

from connectors.base import Raw
from connectors.errors import CannotMap, NotAuthorised, NotUnderstood, SettingsWrong, SourceUnavailable
from connectors.lapor.categories import category_of
from connectors.lapor.connector import Lapor
from connectors.lapor.submission import body_of, text_of
from connectors.lapor.table import COLUMNS, rows_of
from connectors.lapor.tickets import responses_of, ticket_of
from connectors.registry import build
from demo import lapor
from demo.city import City
from demo.clock import Clock
from demo.faults import Fault
from demo.serving import serve
from domain.records import TicketRecord, TopicRecord
from domain.sink import (
    Submission,
    SubmissionRefused,
    SubmissionUnavailable,
    SubmissionUnknown,
    Submitted,
)
from domain.vocabulary import LaporStatus, ReportStatus
from tests.connector_samples import SECRET, answered, mapped, pages_of, raw_of
from tests.raw_server import hang, raw_server

REFERENCE = "SIMPUL-0123456789AB"
SUBMISSION = Submission(
    reference=REFERENCE,
    text='Banjir <selutut> & "bau"\x0b',
    category="flood",
    address="Gang Sempit 3",
    latitude=-6.2,
    longitude=106.8,
    area_name="Kampung Melayu",
    confidential=False,
    anonymous=False,
    contact_name="Orang Contoh Saja",
    contact_phone="08120000000",
    contact_email="orang@contoh.test",
)


def source(answer: Any = None, **settings: Any) -> Lapor:
    told = {"base_url": "http://lapor.test", "token": "made-up", **settings}
    transport = (
        httpx.MockTransport(answer) if callable(answer) and not isinstance(answer, httpx.ASGITransport) else answer
    )
    made = build("lapor", told, SECRET, transport=transport)
    assert isinstance(made, Lapor)
    return made


class TestWhatIsSent:
    def test_the_body_is_the_one_that_is_known_to_work(self) -> None:
        plain = replace(SUBMISSION, text=f"Banjir {REFERENCE}", address=None, area_name=None, latitude=None)
        bare = replace(plain, contact_name=None, contact_phone=None, contact_email=None, confidential=True)
        assert body_of(bare, "{GUID}") == (
            b'<lapor token="{GUID}"><pelapor><email/><telpon/><namadepan/><namabelakang/></pelapor>'
            b'<laporan rahasia="1" anonim="0"><isi>Banjir SIMPUL-0123456789AB</isi></laporan></lapor>'
        )

    def test_words_are_escaped_and_control_characters_left_out(self) -> None:
        root = fromstring(body_of(SUBMISSION, 'a"<'))
        assert root.get("token") == 'a"<'
        assert root.findtext("laporan/isi", "").startswith('Banjir <selutut> & "bau"\n')
        assert root.findtext("pelapor/namadepan") == "Orang"
        assert root.findtext("pelapor/namabelakang") == "Contoh Saja"

    def test_the_text_carries_place_and_reference(self) -> None:
        text = text_of(SUBMISSION)
        assert "Gang Sempit 3, Kampung Melayu" in text
        assert "-6.200000, 106.800000" in text
        assert text.endswith(f"Ref: {REFERENCE}")

    def test_somebody_who_wants_to_stay_unknown_is_not_named(self) -> None:
        body = body_of(replace(SUBMISSION, anonymous=True), "t").decode()
        assert 'anonim="1"' in body
        for told in ("Orang", "0812", "contoh.test"):
            assert told not in body

    async def test_the_request_is_the_one_of_the_known_client(self) -> None:
        seen: list[httpx.Request] = []

        def answer(request: httpx.Request) -> httpx.Response:
            seen.append(request)
            return answered(200, b"<lapor><trackingid>77</trackingid><transaksiid>9</transaksiid></lapor>")

        sent = await source(answer, ticket_url="https://lapor.test/l/{id}").submit(SUBMISSION)
        assert sent == Submitted("77", "https://lapor.test/l/77")
        assert (seen[0].method, seen[0].url.path) == ("POST", "/api/stream/addstream")
        assert seen[0].headers["Content-Type"] == "text/xml; charset=UTF8"

    async def test_the_demo_takes_it_and_its_ticket_comes_back_with_the_reference(self) -> None:
        city = _city()
        connector = source(
            httpx.ASGITransport(lapor.app(city)), token=lapor.TOKEN, export="http://lapor.test/export/tickets.csv"
        )
        sent = await connector.submit(SUBMISSION)
        done, aside = mapped(connector, raw_of(await pages_of(connector)))
        assert aside == []
        [ours] = [record for record in done if isinstance(record, TicketRecord) and record.references]
        assert (ours.tracking_id, ours.references, ours.report) == (sent.external_ref, (REFERENCE,), None)


Outcome = type[Exception]


class TestWhatSilenceMeans:
    """Only what certainly did not arrive may be sent again."""

    @pytest.mark.parametrize(
        ("fault", "outcome"),
        [
            (httpx.ConnectError("refused"), SubmissionUnavailable),
            (httpx.ConnectTimeout("slow"), SubmissionUnavailable),
            (httpx.PoolTimeout("busy"), SubmissionUnavailable),
            (httpx.WriteTimeout("slow"), SubmissionUnknown),
            (httpx.WriteError("reset"), SubmissionUnknown),
            (httpx.ReadTimeout("silent"), SubmissionUnknown),
            (httpx.ReadError("reset"), SubmissionUnknown),
            (httpx.RemoteProtocolError("gone"), SubmissionUnknown),
        ],
    )
    async def test_faults_of_the_network(self, fault: Exception, outcome: Outcome) -> None:
        def answer(request: httpx.Request) -> httpx.Response:
            raise fault

        with pytest.raises(outcome):
            await source(answer).submit(SUBMISSION)

    @pytest.mark.parametrize(
        ("status", "body", "outcome"),
        [
            (200, b"", SubmissionUnknown),
            (200, b"<html>Terima kasih</html>", SubmissionUnknown),
            (200, b"<lapor><tracking", SubmissionUnknown),
            (200, b"<lapor><trackingid/></lapor>", SubmissionUnknown),
            (200, b"<lapor><status>error</status><pesan>Isi kosong</pesan></lapor>", SubmissionRefused),
            (403, b"<lapor><pesan>Token tidak dikenal</pesan></lapor>", SubmissionRefused),
            (400, b"not XML", SubmissionRefused),
            (429, b"", SubmissionUnavailable),
            (302, b"", SubmissionUnknown),
            (500, b"Internal Server Error", SubmissionUnknown),
            (500, b"<lapor><error>Nomor telepon salah</error></lapor>", SubmissionRefused),
            (502, b"<html>Bad gateway</html>", SubmissionUnknown),
            (200, b'<!DOCTYPE x [<!ENTITY a "b">]><lapor><trackingid>&a;</trackingid></lapor>', SubmissionUnknown),
        ],
    )
    async def test_answers(self, status: int, body: bytes, outcome: Outcome) -> None:
        with pytest.raises(outcome):
            await source(lambda request: answered(status, body)).submit(SUBMISSION)

    async def test_an_answer_of_any_size_is_bounded(self) -> None:
        with pytest.raises(SubmissionUnknown):
            await source(lambda request: answered(200, b"<a>" + b"x" * 9_000_000)).submit(SUBMISSION)

    async def test_the_reason_of_a_refusal_is_told(self) -> None:
        body = b"<lapor><pesan>Token tidak dikenal</pesan></lapor>"
        with pytest.raises(SubmissionRefused, match="Token tidak dikenal"):
            await source(lambda request: answered(403, body)).submit(SUBMISSION)

    async def test_an_answer_lost_after_the_write(self) -> None:
        city = _city()
        app = lapor.app(city)
        async with serve(app) as url:
            app.faults.set(Fault.ANSWER_LOST)
            with pytest.raises(SubmissionUnknown):
                await source(base_url=url, token=lapor.TOKEN).submit(SUBMISSION)
        assert len(city.received.tickets) == 1

    async def test_a_server_that_is_away_was_certainly_not_reached(self) -> None:
        async with serve(lapor.app(_city())) as url:
            pass
        with pytest.raises(SubmissionUnavailable):
            await source(base_url=url).submit(SUBMISSION)

    async def test_a_server_that_hangs_may_have_it(self) -> None:
        async with raw_server(hang) as url:
            with pytest.raises(SubmissionUnknown):
                await source(base_url=url, read_timeout_seconds=0.1, timeout_seconds=0.3).submit(SUBMISSION)

    async def test_nothing_is_sent_without_a_token(self) -> None:
        with pytest.raises(SubmissionRefused):
            await source(profile="csv", export="/nowhere.csv", token=None).submit(SUBMISSION)


HEADER = ";".join(COLUMNS)


def row(number: str = "1", **cells: str) -> str:
    told = {
        "nomor_laporan": number,
        "isi": "Jalan berlubang",
        "status": "Diproses",
        "tanggal_laporan": "05/01/2026 08:30",
        "rahasia": "tidak",
        "anonim": "tidak",
        **cells,
    }
    return ";".join(told.get(name, "") for name in COLUMNS)


def table(*rows: str, header: str = HEADER) -> str:
    return "\r\n".join([header, *rows, ""])


def numbers(data: bytes) -> list[str | None]:
    """The tickets' numbers, None for a broken row."""
    return [found.values["nomor_laporan"] if found.values else None for found in rows_of(data)]


class TestTable:
    @pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252"])
    @pytest.mark.parametrize("delimiter", [";", ","])
    def test_encodings_and_delimiters_are_found_out(self, encoding: str, delimiter: str) -> None:
        data = table(row(judul="Café é")).replace(";", delimiter).encode(encoding)
        [found] = rows_of(data)
        assert found.values is not None
        assert found.values["judul"] == "Café é"

    def test_columns_are_found_by_name_in_any_order(self) -> None:
        header = "Anonim;RAHASIA;status;Tanggal Laporan;isi;nomor_laporan;kolom lain"
        [found] = rows_of(table("ya;tidak;Selesai;05/01/2026 08:30;Isi;9;x", header=header).encode())
        assert found.values == {
            "anonim": "ya",
            "rahasia": "tidak",
            "status": "Selesai",
            "tanggal_laporan": "05/01/2026 08:30",
            "isi": "Isi",
            "nomor_laporan": "9",
        }

    @pytest.mark.parametrize("data", [b"", b"\n\n", b"a;b;c\n1;2;3\n", b'"open;header\n', "nomor".encode("utf-16")])
    def test_what_is_no_export_is_not_understood(self, data: bytes) -> None:
        with pytest.raises(NotUnderstood):
            list(rows_of(data))

    def test_quoted_cells_hold_delimiters_and_lines(self) -> None:
        [found] = rows_of(table(row(isi='"Satu; dua\nTiga ""empat"""')).encode())
        assert found.values is not None
        assert found.values["isi"] == 'Satu; dua\nTiga "empat"'

    def test_a_broken_row_costs_only_itself(self) -> None:
        data = table(row("1"), "2;too;few", row("3"), row("4") + ";one more", row("5", isi="NUL\0"), "", row("6"))
        assert numbers(data.encode()) == ["1", None, "3", None, None, "6"]

    def test_an_open_quotation_mark_costs_its_own_line(self) -> None:
        data = table(row("1"), row("2", tindak_lanjut='"open'), row("3"), row("4", judul='"closed; well"'), row("5"))
        assert numbers(data.encode()) == ["1", None, "3", "4", "5"]

    def test_a_file_that_says_it_is_utf8_loses_only_its_bad_rows(self) -> None:
        data = b"\xef\xbb\xbf" + table(row("1", judul="é"), row("2", judul="@"), row("3")).encode()
        assert numbers(data.replace(b"@", b"\xff")) == ["1", None, "3"]

    def test_only_line_ends_end_lines(self) -> None:
        assert numbers(table(row("1", isi="a\u2028b\x0cc"), row("2")).encode()) == ["1", "2"]


class TestTickets:
    def test_a_ticket_of_its_own_brings_its_report(self) -> None:
        ticket = ticket_of(
            {
                **_cells(),
                "kategori": "Lampu Jalan",
                "wilayah": "Gambir, Gambir, Jakarta Pusat",
                "rahasia": "ya",
                "anonim": "YA",
            }
        )
        report = ticket.report
        assert report is not None
        assert (report.source_ref, report.category, report.area_name) == (
            "1",
            "street_light",
            "Gambir, Gambir, Jakarta Pusat",
        )
        assert report.confidential and report.anonymous and ticket.confidential and ticket.anonymous
        assert report.reported_at == datetime(2026, 1, 5, 1, 30, tzinfo=UTC)

    @pytest.mark.parametrize("text", [f"Ref: {REFERENCE}", f"ref {REFERENCE.lower()}.", "SIMPUL-OI23456789AB"])
    def test_a_ticket_with_our_reference_is_joined_to_what_was_handed_on(self, text: str) -> None:
        ticket = ticket_of({**_cells(), "isi": text})
        assert len(ticket.references) == 1
        assert ticket.report is None

    @pytest.mark.parametrize(
        ("word", "status", "means"),
        [
            ("Belum Diverifikasi", LaporStatus.UNVERIFIED, ReportStatus.SUBMITTED),
            ("Terverifikasi", LaporStatus.VERIFIED, ReportStatus.VERIFIED),
            ("Disposisi", LaporStatus.DISPOSED, ReportStatus.ASSIGNED),
            ("diproses", LaporStatus.IN_PROGRESS, ReportStatus.IN_PROGRESS),
            ("Selesai", LaporStatus.DONE, ReportStatus.RESOLVED),
            ("Ditutup", LaporStatus.CLOSED, ReportStatus.CLOSED),
            ("Ditolak", LaporStatus.REJECTED, ReportStatus.REJECTED),
            ("Tunda", None, None),
            ("Bukan Wewenang", None, None),
            ("Arsip", None, None),
        ],
    )
    def test_status_words(self, word: str, status: LaporStatus | None, means: ReportStatus | None) -> None:
        ticket = ticket_of({**_cells(), "status": word})
        assert (ticket.status, ticket.source_status) == (status, word)
        assert ticket.report is not None
        assert ticket.report.source_status_means is means

    @pytest.mark.parametrize("name", ["rahasia", "anonim"])
    @pytest.mark.parametrize("word", ["", "mungkin", "1"])
    def test_what_hides_somebody_is_never_guessed(self, name: str, word: str) -> None:
        with pytest.raises(CannotMap, match=name):
            ticket_of({**_cells(), name: word})

    @pytest.mark.parametrize("time", ["", "2026-01-05 08:30", "31/02/2026 08:30", "05/01/26 08:30", "٠٥/٠١/٢٠٢٦ ٠٨:٣٠"])
    def test_times_that_are_none_are_kept_aside(self, time: str) -> None:
        with pytest.raises(CannotMap, match="tanggal_laporan"):
            ticket_of({**_cells(), "tanggal_laporan": time})

    def test_follow_ups(self) -> None:
        text = "05/01/2026 09:00 Dinas Bina Marga: Diteruskan: segera.\nbaris kedua\n06/01/2026 10:00 Suku Dinas: "
        first, second = responses_of(text)
        assert (first.author, first.text) == ("Dinas Bina Marga", "Diteruskan: segera.\nbaris kedua")
        assert first.at == datetime(2026, 1, 5, 2, 0, tzinfo=UTC)
        assert (second.author, second.text) == ("Suku Dinas", "")
        with pytest.raises(CannotMap):
            responses_of("tanpa waktu")

    @pytest.mark.parametrize(
        ("kategori", "text", "code"),
        [
            ("Banjir", "", "flood"),
            ("Kemacetan", "ada genangan", "traffic_jam"),
            ("Joki 3in1", "", "three_in_one_jockey"),
            ("Parkir Liar", "", "illegal_parking"),
            ("Penyandang Masalah Sosial", "", "beggars"),
            ("Jalan", "", "damaged_road"),
            ("Jalan Rusak", "", "damaged_road"),
            ("Lampu Jalan", "", "street_light"),
            ("Air Bersih", "", "water_supply"),
            ("Gangguan Suara", "", "noise"),
            ("Lainnya", "Banyak sampah menumpuk di Jalan Melati", "waste"),
            ("", "Anjing liar di Jalan Melati", "other"),
            ("", "Anak jalanan dan pengamen di lampu merah", "beggars"),
            (None, "PKL menutup trotoar", "street_vendors"),
        ],
    )
    def test_the_category_is_guessed_from_lapors_own_and_then_from_the_words(
        self, kategori: str | None, text: str, code: str
    ) -> None:
        assert category_of(kategori, None, text) == code


def _cells() -> dict[str, str]:
    return dict(zip(COLUMNS, row().split(";"), strict=True))


class TestReadingAnExport:
    async def test_a_file_is_read_again_only_when_it_changed(self, tmp_path: Path) -> None:
        path = tmp_path / "tickets.csv"
        path.write_text(table(row("1"), row("2")))
        connector = source(profile="csv", export=str(path))
        first = await pages_of(connector)
        assert len(raw_of(first)) == 2
        assert all(page.backfill for page in first)
        checkpoint = first[-1].checkpoint
        assert await pages_of(connector, checkpoint) == []
        path.write_text(table(row("1"), row("2"), row("3")))
        later = await pages_of(connector, checkpoint)
        assert len(raw_of(later)) == 3
        assert not any(page.backfill for page in later)

    async def test_an_unchanged_address_costs_one_conditional_request(self) -> None:
        asked: list[httpx.Request] = []

        def answer(request: httpx.Request) -> httpx.Response:
            asked.append(request)
            if request.headers.get("If-None-Match") == '"a"':
                return answered(304)
            return answered(200, table(row()).encode(), ETag='"a"', Last_Modified="Sat, 31 Jan 2026 00:00:00 GMT")

        connector = source(answer, profile="csv", export="http://files.test/t.csv", export_authorization="Basic eA==")
        checkpoint = (await pages_of(connector))[-1].checkpoint
        assert await pages_of(connector, checkpoint) == []
        assert len(asked) == 2
        assert asked[1].headers["If-Modified-Since"]
        assert asked[1].headers["Authorization"] == "Basic eA=="

    async def test_a_server_without_etags_is_compared_by_digest(self) -> None:
        connector = source(
            lambda request: answered(200, table(row()).encode()), profile="csv", export="http://f.test/t"
        )
        checkpoint = (await pages_of(connector))[-1].checkpoint
        assert await pages_of(connector, checkpoint) == []

    async def test_faults_of_the_folder_are_in_the_vocabulary(self, tmp_path: Path) -> None:
        with pytest.raises(SourceUnavailable):
            await pages_of(source(profile="csv", export=str(tmp_path / "nothing.csv")))
        with pytest.raises(SourceUnavailable):
            await pages_of(source(profile="csv", export=str(tmp_path)))

    async def test_a_large_file_comes_in_pages(self, tmp_path: Path) -> None:
        path = tmp_path / "tickets.csv"
        path.write_text(table(*(row(str(number)) for number in range(1_001))))
        pages = await pages_of(source(profile="csv", export=str(path)))
        assert [len(page.records) for page in pages] == [200] * 5 + [1, 0]
        assert [page.checkpoint is not None for page in pages] == [False] * 6 + [True]

    @pytest.mark.parametrize(
        "query", ["", "?encoding=windows-1252", "?delimiter=,", "?encoding=windows-1252&delimiter=,"]
    )
    async def test_the_demo_s_export_in_all_its_forms(self, query: str) -> None:
        transport = httpx.ASGITransport(lapor.app(_city()))
        connector = source(transport, profile="csv", export=f"http://lapor.test/export/tickets.csv{query}")
        done, aside = mapped(connector, raw_of(await pages_of(connector)))
        assert aside == []
        assert len(done) > 50
        assert {record.status for record in done if isinstance(record, TicketRecord)} >= {LaporStatus.DONE, None}


class TestTopics:
    async def test_they_are_read_once_a_day(self) -> None:
        transport = httpx.ASGITransport(lapor.app(_city()))
        connector = source(transport, profile="lapor-f01", key_token=lapor.KEYTOKEN)
        pages = await pages_of(connector)
        done, _ = mapped(connector, raw_of(pages))
        assert all(isinstance(record, TopicRecord) for record in done)
        assert done[0] == TopicRecord("1", None, "Pemerintah Provinsi DKI Jakarta")
        assert await pages_of(connector, pages[-1].checkpoint) == []

    async def test_a_wrong_key_is_for_a_person_to_mend(self) -> None:
        transport = httpx.ASGITransport(lapor.app(_city()))
        with pytest.raises(NotAuthorised):
            await pages_of(source(transport, profile="lapor-f01", key_token="wrong"))


class TestSettings:
    @pytest.mark.parametrize(
        ("settings", "missing"),
        [
            ({"profile": "lapor-xml", "base_url": "http://x.test"}, "token"),
            ({"profile": "csv"}, "export"),
            ({"profile": "lapor-f01", "base_url": "http://x.test"}, "key_token"),
            ({"profile": "lapor-xml", "token": "made-up"}, "base_url"),
            ({"profile": "csv", "export": "/x", "ticket_url": "http://x.test/"}, "ticket_url"),
        ],
    )
    def test_each_profile_says_what_it_needs(self, settings: dict[str, str], missing: str) -> None:
        with pytest.raises(SettingsWrong, match=missing) as caught:
            build("lapor", settings, SECRET)
        assert "made-up" not in str(caught.value)

    async def test_handing_on_alone_polls_nothing(self) -> None:
        assert not source().polls
        assert await pages_of(source()) == []

    def test_a_row_that_was_broken_stays_so(self) -> None:
        with pytest.raises(CannotMap):
            source().map(Raw("broken_row", {"why": "3 cells", "line": "x"}))


def _city() -> City:
    start = datetime(2026, 1, 31, 10, 0, tzinfo=UTC)
    return City(7, start, clock=Clock(start.replace(hour=11), speed=0))
