"""Handing the hub's flood reports on to Peta Jakarta, by the feed it keeps for Qlue (`POST /feeds/qlue`).

Posting one number twice is answered `created: false`, so a lost answer is no danger here: trying again is always safe.
No depth and no number of ours travel; what we posted comes back in /reports with source `qlue` and is recognised by place,
time and words (domain/records.py, `channel`).
"""

import hashlib
import json
from collections.abc import Callable
from datetime import datetime
from typing import Any

import httpx

from connectors.errors import SourceFailure
from connectors.http import Answer, HttpClient, retry_after
from connectors.peta_jakarta.config import PetaJakartaConfig
from domain.records import JSON
from domain.sink import Submission, SubmissionRefused, SubmissionUnavailable, Submitted

_NUMBER_BITS = 48
"""Of a `post_id`: wide enough that two references never meet, narrow enough for a JavaScript number."""


def post_id_of(reference: str) -> int:
    """The number under which a forwarding is posted, always the same for one reference."""
    digest = hashlib.sha256(reference.encode()).digest()
    return int.from_bytes(digest[: _NUMBER_BITS // 8], "big") or 1


async def hand_on(
    submission: Submission, config: PetaJakartaConfig, http: HttpClient, clock: Callable[[], datetime]
) -> Submitted:
    """Posts one flood report. Raises SubmissionRefused or SubmissionUnavailable."""
    body = json.dumps(body_of(submission, config.submit_city, clock())).encode()
    key = config.submit_key.get_secret_value() if config.submit_key else ""
    headers = {"Content-Type": "application/json", "x-api-key": key}
    try:
        answer = await http.send(f"{config.base_url}/feeds/qlue", body, headers)
    except (TimeoutError, httpx.HTTPError, SourceFailure) as fault:
        raise SubmissionUnavailable(f"Peta Jakarta gave no answer: {type(fault).__name__}") from fault
    return await _read(answer, post_id_of(submission.reference))


def body_of(submission: Submission, city: str, now: datetime) -> dict[str, JSON]:
    """The agreed form, and nothing further, since Peta Jakarta refuses further members. Raises SubmissionRefused."""
    if submission.category != "flood":
        raise SubmissionRefused("Peta Jakarta takes flood reports only")
    if submission.confidential:
        raise SubmissionRefused("a confidential report must not go to Peta Jakarta, which publishes all it gets")
    if submission.latitude is None or submission.longitude is None:
        raise SubmissionRefused("Peta Jakarta needs a place")
    return {
        "post_id": post_id_of(submission.reference),
        "created_at": now.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "text": submission.text,
        "qlue_city": city,
        "disaster_type": "flood",
        "location": {"lat": submission.latitude, "lng": submission.longitude},
    }


async def _read(answer: Answer, post_id: int) -> Submitted:
    if answer.status >= 500 or answer.status in (408, 425, 429):
        raise SubmissionUnavailable(f"Peta Jakarta answered {answer.status}", retry_after(answer.headers))
    if answer.status != 200:
        raise SubmissionRefused(f"Peta Jakarta refused the report ({answer.status})")
    try:
        told: Any = await answer.json()
    except SourceFailure as fault:
        raise SubmissionUnavailable("Peta Jakarta's answer could not be read") from fault
    if not isinstance(told, dict) or not isinstance(told.get("created"), bool):
        raise SubmissionUnavailable("Peta Jakarta's answer could not be read")
    return Submitted(str(post_id))
