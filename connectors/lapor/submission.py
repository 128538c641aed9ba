"""Handing a report on: the XML that LAPOR's `addstream` takes, and what its answer, or its silence, means.

LAPOR has no category, place, photo or idempotency key in this form: the text carries the place and the hub's reference,
and what went out without an answer is *unknown*, never sent again by itself.
"""

import re
from xml.etree.ElementTree import Element, ParseError
from xml.sax.saxutils import escape, quoteattr

import httpx
from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import fromstring

from connectors.errors import SourceFailure
from connectors.http import Answer, HttpClient, retry_after
from connectors.lapor.config import LaporConfig
from connectors.lapor.tickets import ticket_address
from connectors.values import clean
from domain.sink import Submission, SubmissionRefused, SubmissionUnavailable, SubmissionUnknown, Submitted

_PATH = "api/stream/addstream"
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_LONGEST_ID = 64
_LARGEST_ANSWER = 64 * 1024  # a number or a sentence; elements cost forty times their bytes
_REFUSALS = frozenset({400, 401, 403, 404, 405, 406, 411, 413, 415, 422})


async def send(submission: Submission, config: LaporConfig, http: HttpClient) -> Submitted:
    """Sends one report once. Raises SubmissionRefused, SubmissionUnavailable or SubmissionUnknown."""
    token = config.token.get_secret_value() if config.token else ""
    headers = {"Content-Type": "text/xml; charset=UTF8"}
    try:
        answer = await http.send(f"{config.base_url}/{_PATH}", body_of(submission, token), headers)
    except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError) as fault:
        raise SubmissionUnavailable(f"LAPOR was not reached: {type(fault).__name__}") from fault
    except (httpx.UnsupportedProtocol, httpx.LocalProtocolError) as fault:
        raise SubmissionRefused("the request could not be made; check base_url and token") from fault
    except (TimeoutError, httpx.HTTPError, SourceFailure) as fault:
        raise SubmissionUnknown(f"LAPOR gave no readable answer: {type(fault).__name__}") from fault
    return read_answer(answer, config)


def body_of(submission: Submission, token: str) -> bytes:
    """The request, in the one order of elements that is known to work."""
    person = _person(submission)
    return (
        f"<lapor token={quoteattr(_xml(token))}>{person}"
        f'<laporan rahasia="{int(submission.confidential)}" anonim="{int(submission.anonymous)}">'
        f"<isi>{_escaped(text_of(submission))}</isi></laporan></lapor>"
    ).encode()


def _person(submission: Submission) -> str:
    """Who reported; all empty for somebody who wants to stay unknown."""
    told = (
        (None, None, None)
        if submission.anonymous
        else (
            submission.contact_email,
            submission.contact_phone,
            submission.contact_name,
        )
    )
    email, phone, name = told
    first, _, last = (clean(name) if name else "").partition(" ")
    members = (("email", email), ("telpon", phone), ("namadepan", first), ("namabelakang", last))
    return f"<pelapor>{''.join(_element(tag, value) for tag, value in members)}</pelapor>"


def _element(tag: str, value: str | None) -> str:
    return f"<{tag}>{_escaped(value)}</{tag}>" if value else f"<{tag}/>"


def text_of(submission: Submission) -> str:
    """The report's words, then its place, then the reference that its ticket will be known by."""
    lines = [clean(submission.text)]
    place = ", ".join(part for part in (submission.address, submission.area_name) if part)
    if place:
        lines.append(f"Lokasi: {place}")
    if submission.latitude is not None and submission.longitude is not None:
        lines.append(f"Koordinat: {submission.latitude:.6f}, {submission.longitude:.6f}")
    if submission.reference not in submission.text:
        lines.append(f"Ref: {submission.reference}")
    return "\n".join(lines)


def _escaped(text: str) -> str:
    return escape(_xml(text))


def _xml(text: str) -> str:
    """Without the control characters that XML cannot hold at all, escaped or not."""
    return _NOT_XML.sub("", text)


def read_answer(answer: Answer, config: LaporConfig) -> Submitted:
    """What LAPOR said. Anything that is neither a number nor a refusal leaves it unknown whether the report arrived."""
    if answer.status == 429:
        raise SubmissionUnavailable("LAPOR asks to come again later", retry_after(answer.headers))
    if answer.status in _REFUSALS:
        raise SubmissionRefused(f"LAPOR refused the report ({answer.status}){_reason(answer.body)}")
    told = _members(answer.body)
    tracking_id = told.get("trackingid")
    if answer.status < 400 and tracking_id and len(tracking_id) <= _LONGEST_ID:
        return Submitted(tracking_id, ticket_address(config.ticket_url, tracking_id))
    if _refusal(told) is not None:
        raise SubmissionRefused(f"LAPOR refused the report{_reason(answer.body)}")
    raise SubmissionUnknown(f"LAPOR answered {answer.status} without a tracking id")


def _refusal(told: dict[str, str]) -> str | None:
    words = [told[name] for name in ("error", "errors", "message", "pesan", "description") if told.get(name)]
    return words[0] if words else None


def _reason(body: bytes) -> str:
    words = _refusal(_members(body))
    return f": {words[:200]}" if words else ""


def _members(body: bytes) -> dict[str, str]:
    """Every element's and attribute's text by its name in small letters; empty for what is no (harmless) XML."""
    if len(body) > _LARGEST_ANSWER:
        return {}
    try:
        root: Element = fromstring(body, forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError, LookupError):
        return {}
    found: dict[str, str] = {}
    for element in root.iter():
        for name, text in (*element.attrib.items(), (element.tag, element.text or "")):
            found.setdefault(str(name).rpartition("}")[2].lower(), clean(text))
    return found
