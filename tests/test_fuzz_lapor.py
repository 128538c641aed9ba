"""What LAPOR answers in XML and exports in CSV, in every form that it should not have."""

import time
import tracemalloc
from collections.abc import Callable
from functools import partial

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.errors import CannotMap, NotUnderstood
from connectors.http import Answer, HttpClient
from connectors.lapor.config import LaporConfig
from connectors.lapor.submission import read_answer, send
from connectors.lapor.table import rows_of
from connectors.lapor.tickets import responses_of, ticket_of
from domain.records import TicketRecord
from domain.sink import Submission, SubmissionRefused, SubmissionUnavailable, SubmissionUnknown, Submitted
from tests.connector_samples import answered
from tests.fuzzing import CORPUS, NASTY_TEXTS, damaged, fuzz, kept

CONFIG = LaporConfig(
    base_url="https://lapor.example", profile="lapor-xml", token="t", ticket_url="https://lapor.example/laporan/{id}"
)
OUTCOMES = (SubmissionRefused, SubmissionUnavailable, SubmissionUnknown)
SOUND_XML = b"<?xml version='1.0'?><lapor><status>ok</status><trackingid>1234567</trackingid></lapor>"
HEADER = "nomor_laporan;isi;status;tanggal_laporan;rahasia;anonim;tindak_lanjut\n"
SOUND_CSV = (
    HEADER + '1;"Jalan rusak; parah";Selesai;01/02/2026 10:00;tidak;ya;01/02/2026 11:00 Dinas: ya\n'
    "2;Banjir;Diproses;01/02/2026 10:00;ya;tidak;\n"
).encode()


def answer(body: bytes, status: int = 200) -> Answer:
    return Answer("https://lapor.example", status, httpx.Headers(), body)


def outcome(body: bytes, status: int = 200) -> Submitted | None:
    """What an answer means: submitted, or None for one of the three words of the contract. Nothing else may be raised."""
    try:
        done = read_answer(answer(body, status), CONFIG)
    except OUTCOMES as told:
        assert len(str(told)) < 400
        return None
    assert done.external_ref and len(done.external_ref) <= 64
    assert done.url is not None and done.url.startswith("https://lapor.example/laporan/") and done.url.count("/") == 4
    return done


def peak(act: Callable[[], object]) -> int:
    """The most bytes that were held at once."""
    tracemalloc.start()
    try:
        act()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


class TestXml:
    def test_a_sound_answer_is_taken(self) -> None:
        done = outcome(SOUND_XML)
        assert done is not None and done.external_ref == "1234567"

    @pytest.mark.parametrize("body", kept("lapor_xml"))
    @pytest.mark.parametrize("status", [200, 400, 500])
    def test_kept_answers(self, body: bytes, status: int) -> None:
        assert outcome(body, status) is None

    @fuzz(300)
    @given(damaged(st.just(SOUND_XML)), st.sampled_from([200, 201, 302, 400, 404, 429, 500, 999]))
    def test_damaged_answers(self, body: bytes, status: int) -> None:
        outcome(body, status)

    @pytest.mark.parametrize("number", ["../../admin", "1?x=<script>", "1#", "javascript:alert(1)", "１", "a b"])
    def test_a_number_stays_one_part_of_the_address(self, number: str) -> None:
        text = number.replace("<", "&lt;")
        outcome(f"<lapor><trackingid>{text}</trackingid></lapor>".encode())

    @pytest.mark.parametrize("name", ["billion_laughs.xml", "quadratic_entity.xml"])
    def test_entities_are_never_expanded(self, name: str) -> None:
        body = (CORPUS / "lapor_xml" / name).read_bytes()
        assert peak(lambda: outcome(body)) < 300_000

    def test_nested_without_end_it_costs_no_more_than_its_first_bytes(self) -> None:
        bodies = [b"<a>" * times for times in (20_000, 1_000_000)]
        small, large = (peak(partial(outcome, body)) for body in bodies)
        assert large <= small

    @pytest.mark.parametrize("location", ["http://xn--/", "http://[", "//", "\x7f", "http://a:b:c/"])
    async def test_an_answer_that_redirects_nowhere_leaves_it_unknown_or_refused(self, location: str) -> None:
        transport = httpx.MockTransport(lambda request: answered(302, Location=location))
        http = HttpClient(CONFIG, transport)
        submission = Submission("SIMPUL-000000000000", "Banjir", "flood", None, -6.2, 106.8, None, False, True)
        with pytest.raises(OUTCOMES):
            await send(submission, CONFIG, http)


def tickets_of(data: bytes) -> tuple[list[TicketRecord], int]:
    """The tickets of an export, and how many rows were no ticket. Raises NotUnderstood for what is no export."""
    found, broken = [], 0
    for row in rows_of(data):
        try:
            if row.values is None:
                raise CannotMap(row.broken or "")
            found.append(ticket_of(row.values))
        except CannotMap as fault:
            assert fault.reason
            broken += 1
    return found, broken


class TestCsv:
    def test_a_sound_export_is_read(self) -> None:
        tickets, broken = tickets_of(SOUND_CSV)
        assert [ticket.tracking_id for ticket in tickets] == ["1", "2"] and broken == 0

    @pytest.mark.parametrize("data", kept("lapor_csv"))
    def test_kept_exports(self, data: bytes) -> None:
        try:
            tickets_of(data)
        except NotUnderstood as refused:
            assert str(refused).startswith("the export")

    @fuzz(300)
    @given(damaged(st.just(SOUND_CSV)))
    def test_damaged_exports(self, data: bytes) -> None:
        try:
            tickets_of(data)
        except NotUnderstood as refused:
            assert str(refused).startswith("the export")

    @pytest.mark.parametrize("name", ["nul.csv", "open_quote.csv", "huge_cell.csv"])
    def test_a_broken_row_does_not_cost_the_one_below(self, name: str) -> None:
        tickets, broken = tickets_of((CORPUS / "lapor_csv" / name).read_bytes())
        assert [ticket.text for ticket in tickets] == ["sound"] and broken

    def test_formulas_stay_the_text_that_they_are(self) -> None:
        tickets, _ = tickets_of((CORPUS / "lapor_csv/formulas.csv").read_bytes())
        assert [ticket.text for ticket in tickets] == [
            "=cmd|' /C calc'!A0",
            "+1+1",
            "-2+3",
            "@SUM(A1)",
            "=1",
            '=HYPERLINK("http://x")',
        ]

    def test_windows_1252_is_read_as_it_was_written(self) -> None:
        tickets, _ = tickets_of((CORPUS / "lapor_csv/windows_1252.csv").read_bytes())
        assert tickets[0].text == "Jalan “rusak” – parah"

    @pytest.mark.parametrize("row", [b'"\n', b'1;"a\n', b";" * 50 + b"\n", b"\n"])
    def test_memory_grows_with_the_file_and_no_faster(self, row: bytes) -> None:
        exports = [HEADER.encode() + row * times for times in (2_000, 4_000)]
        once, twice = (peak(partial(tickets_of, export)) for export in exports)
        assert twice < 2.2 * once + 200_000

    @fuzz(300)
    @given(
        st.dictionaries(st.sampled_from(HEADER.strip().split(";")), st.one_of(st.text(), st.sampled_from(NASTY_TEXTS)))
    )
    def test_rows_of_any_texts_become_tickets_or_say_which_member_is_wrong(self, values: dict[str, str]) -> None:
        try:
            ticket_of(values)
        except CannotMap as fault:
            assert any(name in fault.reason for name in HEADER.strip().split(";"))

    def test_blanks_without_end_are_read_once(self) -> None:
        """Twice the blanks take about twice as long, not four times: each is tried as the agency's first letter once."""

        def seconds(blanks: int) -> float:
            begun = time.process_time()
            with pytest.raises(CannotMap):
                responses_of("01/02/2026 10:00" + " " * blanks)
            return time.process_time() - begun

        once, four_times = (min(seconds(blanks) for _ in range(5)) for blanks in (100_000, 400_000))
        assert four_times < 10 * once
