"""Mapping tickets of an export, and topics."""

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from connectors.errors import CannotMap
from connectors.lapor.categories import category_of
from connectors.values import JAKARTA, clean, members, reference, text_or_none, web_address_or_none
from domain.records import JSON, ReportRecord, TicketRecord, TicketResponse, TopicRecord
from domain.references import find_references
from domain.vocabulary import LaporStatus, ReportStatus

STATUSES = {
    "belum diverifikasi": LaporStatus.UNVERIFIED,
    "terverifikasi": LaporStatus.VERIFIED,
    "disposisi": LaporStatus.DISPOSED,
    "diproses": LaporStatus.IN_PROGRESS,
    "selesai": LaporStatus.DONE,
    "ditutup": LaporStatus.CLOSED,
    "ditolak": LaporStatus.REJECTED,
}
"""LAPOR's words; *Tunda*, *Bukan Wewenang*, *Arsip* and what else an export may say have no value of ours."""

MEANINGS = {
    LaporStatus.UNVERIFIED: ReportStatus.SUBMITTED,
    LaporStatus.VERIFIED: ReportStatus.VERIFIED,
    LaporStatus.DISPOSED: ReportStatus.ASSIGNED,
    LaporStatus.IN_PROGRESS: ReportStatus.IN_PROGRESS,
    LaporStatus.DONE: ReportStatus.RESOLVED,
    LaporStatus.CLOSED: ReportStatus.CLOSED,
    LaporStatus.REJECTED: ReportStatus.REJECTED,
}
"""What a ticket's state says of the citizen's report."""

_TIME = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4}) (\d{1,2})[:.](\d{2})(?::\d{2})?", re.ASCII)
# The agency begins with no blank, so that a line of a hundred thousand blanks is read once and not from each of them.
_RESPONSE = re.compile(rf"\s*({_TIME.pattern})\s+([^:\s][^:\n]{{0,199}}):\s*(.*)", re.ASCII)
_YES_OR_NO = {"ya": True, "tidak": False}


def ticket_of(value: JSON, ticket_url: str | None = None) -> TicketRecord:
    """One row of an export. Raises CannotMap.

    A ticket with one of the hub's references is a report that the hub handed on; one without is a citizen's report of
    its own, and brings it.
    """
    told = {name: clean(str(cell)) for name, cell in members(value, "ticket").items()}
    number = reference(told.get("nomor_laporan"), "nomor_laporan")
    try:
        ticket = _ticket(number, told, ticket_url)
        return ticket if ticket.references else _with_report(ticket)
    except CannotMap as fault:
        raise CannotMap(fault.reason, number) from fault


def _ticket(number: str, told: Mapping[str, str], ticket_url: str | None) -> TicketRecord:
    status = told.get("status") or None
    text = told.get("isi") or None
    title = told.get("judul") or None
    updated = told.get("tanggal_perbarui")
    return TicketRecord(
        tracking_id=number,
        title=title,
        text=text,
        status=STATUSES.get((status or "").casefold()),
        source_status=status,
        category=told.get("kategori") or None,
        agency=told.get("instansi") or None,
        area_name=told.get("wilayah") or None,
        submitted_at=_time(told.get("tanggal_laporan"), "tanggal_laporan"),
        updated_at=_time(updated, "tanggal_perbarui") if updated else None,
        url=web_address_or_none(told.get("alamat_web")) or ticket_address(ticket_url, number),
        confidential=_yes_or_no(told.get("rahasia"), "rahasia"),
        anonymous=_yes_or_no(told.get("anonim"), "anonim"),
        responses=responses_of(told.get("tindak_lanjut", "")),
        references=find_references(f"{title or ''}\n{text or ''}"),
    )


def _with_report(ticket: TicketRecord) -> TicketRecord:
    if ticket.submitted_at is None:
        raise CannotMap("tanggal_laporan is missing")
    report = ReportRecord(
        source_ref=ticket.tracking_id,
        text=ticket.text or ticket.title or "",
        title=ticket.title,
        category=category_of(ticket.category, ticket.title, ticket.text),
        reported_at=ticket.submitted_at,
        source_status=ticket.source_status,
        source_status_means=MEANINGS[ticket.status] if ticket.status else None,
        source_url=ticket.url,
        anonymous=ticket.anonymous,
        confidential=ticket.confidential,
        area_name=ticket.area_name,
    )
    return replace(ticket, report=report)


def responses_of(text: str) -> tuple[TicketResponse, ...]:
    """The follow-ups: `DD/MM/YYYY HH:MM Agency: words`, one a line; a line without a time goes on with the one before."""
    found: list[TicketResponse] = []
    for line in text.splitlines():
        match = _RESPONSE.fullmatch(line)
        if match:
            at = _time(match[1], "tindak_lanjut")
            found.append(TicketResponse(clean(match[7]), clean(match[8]), at))
        elif line.strip() and found:
            last = found.pop()
            found.append(TicketResponse(last.author, f"{last.text}\n{line.strip()}".strip(), last.at))
        elif line.strip():
            raise CannotMap("tindak_lanjut does not begin with a time and an agency")
    return tuple(found)


def ticket_address(ticket_url: str | None, number: str) -> str | None:
    """Where a ticket can be read on the web; whatever stands in its number stays one part of the path."""
    return ticket_url.replace("{id}", quote(number, safe="")) if ticket_url else None


def topic_of(value: JSON) -> TopicRecord:
    """One topic of the f01 services. Raises CannotMap."""
    told = members(value, "topic")
    ref = reference(told.get("id"), "id")
    name = text_or_none(told.get("topic_name"), "topic_name")
    if name is None:
        raise CannotMap("topic_name is empty", ref)
    parent: Any = told.get("parent")
    return TopicRecord(ref, None if parent in (None, "", 0, "0") else reference(parent, "parent"), name)


def _time(text: str | None, what: str) -> datetime:
    """A time of the export: day first, Jakarta's, without a zone."""
    match = _TIME.fullmatch(text or "")
    if match is None:
        raise CannotMap(f"{what} is not a time like 31/01/2026 17:05")
    day, month, year, hour, minute = (int(part) for part in match.groups())
    try:
        return datetime(year, month, day, hour, minute, tzinfo=JAKARTA).astimezone(UTC)
    except (ValueError, OverflowError):
        raise CannotMap(f"{what} is not a time that exists") from None


def _yes_or_no(text: str | None, what: str) -> bool:
    """Never guessed: what hides a person or a report must be told."""
    answer = _YES_OR_NO.get((text or "").casefold())
    if answer is None:
        raise CannotMap(f"{what} is neither ya nor tidak")
    return answer
