"""LAPOR: taking complaints as XML, the list of topics, and the export file of tickets. Reconstructed, as is all of it."""

import csv
import io
from datetime import datetime
from html import escape
from xml.etree.ElementTree import Element, ParseError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import fromstring
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import Route

from demo.city import City
from demo.clock import JAKARTA
from demo.faults import DemoServer
from demo.tickets import TOPICS, Ticket
from demo.wire import base_url, json_response

TOKEN = "5f0c1d9e-7a34-4c1b-9d0e-3b8a6c2f1e70"
KEYTOKEN = "f01-demo-keytoken"
"""Made up for the demo; they open nothing but the demo."""

COLUMNS = (
    "nomor_laporan",
    "judul",
    "isi",
    "kategori",
    "klasifikasi",
    "instansi",
    "status",
    "wilayah",
    "tanggal_laporan",
    "tanggal_perbarui",
    "rahasia",
    "anonim",
    "alamat_web",
    "tindak_lanjut",
)
"""The columns of the export file, in their order."""


def app(city: City, *, token: str = TOKEN, keytoken: str = KEYTOKEN) -> DemoServer:
    """The server; complaints need `token`, the list of topics needs `keytoken`."""
    lapor = _Lapor(city, token, keytoken)
    return DemoServer(
        routes=[
            Route("/api/stream/addstream", lapor.add, methods=["POST"]),
            Route("/api/services/f01/gettopics", lapor.topics, methods=["POST"]),
            Route("/export/tickets.csv", lapor.export, methods=["GET"]),
            Route("/laporan/{number:int}", lapor.page, methods=["GET"]),
        ],
        broken=PlainTextResponse("Internal Server Error", 500),
    )


def _xml(code: int, /, **members: object) -> Response:
    inner = "".join(f"<{name}>{value}</{name}>" for name, value in members.items())
    body = f'<?xml version="1.0" encoding="UTF-8"?>\n<lapor>{inner}</lapor>\n'
    return Response(body, code, media_type="text/xml; charset=utf-8")


class _Lapor:
    """The handlers of one city's server."""

    def __init__(self, city: City, token: str, keytoken: str) -> None:
        self.city = city
        self._token = token
        self._keytoken = keytoken

    async def add(self, request: Request) -> Response:
        """Take a complaint. There is no idempotency key: the same one sent twice makes two tickets."""
        if not request.headers.get("content-type", "").lower().startswith("text/xml"):
            return _xml(415, status="error", pesan="Content-Type harus text/xml")
        try:
            root: Element = fromstring(await request.body())
        except (ParseError, DefusedXmlException, ValueError):
            return _xml(400, status="error", pesan="XML tidak dapat dibaca")
        if root.tag != "lapor" or root.get("token", "").strip("{}") != self._token:
            return _xml(403, status="error", pesan="Token tidak dikenal")
        report = root.find("laporan")
        text = ((report.findtext("isi") if report is not None else None) or "").strip()
        if report is None or not text:
            return _xml(400, status="error", pesan="Isi laporan kosong")
        ticket = self.city.open_ticket(text, secret=report.get("rahasia") == "1", anonymous=report.get("anonim") == "1")
        # What a transaction is, nobody has written down; it only ever comes beside the tracking id.
        return _xml(200, status="ok", trackingid=ticket.number, transaksiid=f"TRX{ticket.number}")

    async def topics(self, request: Request) -> Response:
        """The topics, flat with parents. The key comes as a header, or as a member of the form or of the JSON."""
        if self._keytoken not in (request.headers.get("keytoken"), await _sent_key(request)):
            return json_response({"status": False, "message": "KEYTOKEN tidak valid"}, 401)
        listed = [{"id": at, "parent": 1, "topic_name": topic} for at, topic in enumerate(TOPICS, 2)]
        return json_response([{"id": 1, "parent": 0, "topic_name": "Pemerintah Provinsi DKI Jakarta"}, *listed])

    async def export(self, request: Request) -> Response:
        """All tickets as a file: UTF-8 or Windows-1252, semicolons or commas."""
        encoding = request.query_params.get("encoding", "utf-8")
        delimiter = request.query_params.get("delimiter", ";")
        if encoding not in ("utf-8", "windows-1252") or delimiter not in (";", ","):
            return PlainTextResponse("encoding: utf-8, windows-1252; delimiter: ; ,", 400)
        target = io.StringIO()
        writer = csv.writer(target, delimiter=delimiter, lineterminator="\r\n")
        writer.writerow(COLUMNS)
        for ticket in self.city.tickets():
            writer.writerow(self._row(ticket, base_url(request)))
        # Windows-1252 has no place for some characters that people type; old exporters put a question mark.
        body = target.getvalue().encode(encoding, "replace")
        headers = {"content-disposition": 'attachment; filename="tickets.csv"'}
        return Response(body, 200, headers, media_type=f"text/csv; charset={encoding}")

    def _row(self, ticket: Ticket, base: str) -> list[str]:
        now = self.city.now()
        return [
            str(ticket.number),
            ticket.title,
            ticket.text,
            ticket.category,
            ticket.classification,
            ticket.agency_at(now),
            ticket.status(now),
            ticket.area,
            _written(ticket.created),
            _written(ticket.updated(now)),
            "ya" if ticket.secret else "tidak",
            "ya" if ticket.anonymous else "tidak",
            f"{base}/laporan/{ticket.number}",
            "\n".join(
                f"{_written(step.at)} {ticket.agency}: {step.answer}" for step in ticket.steps_until(now) if step.answer
            ),
        ]

    async def page(self, request: Request) -> Response:
        """A ticket's page for people; secret ones have none."""
        number = request.path_params["number"]
        ticket = next((one for one in self.city.tickets() if one.number == number), None)
        if ticket is None or ticket.secret:
            return HTMLResponse("<!DOCTYPE html><title>Tidak ditemukan</title>", 404)
        return HTMLResponse(
            f"<!DOCTYPE html><html lang='id'><title>Laporan {number}</title><h1>{escape(ticket.title)}</h1>"
            f"<p>{escape(ticket.text)}</p><p>Status: {ticket.status(self.city.now())}</p></html>"
        )


def _written(moment: datetime) -> str:
    return f"{moment.astimezone(JAKARTA):%d/%m/%Y %H:%M}"


async def _sent_key(request: Request) -> str | None:
    if request.headers.get("content-type", "").startswith("application/json"):
        try:
            sent = await request.json()
        except ValueError:
            return None
        return str(sent.get("KEYTOKEN")) if isinstance(sent, dict) else None
    async with request.form() as form:
        key = form.get("KEYTOKEN")
        return key if isinstance(key, str) else None
