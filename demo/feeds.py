"""`POST /feeds/qlue` and `/feeds/detik`: where partners hand reports to Peta Jakarta."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from demo import joi
from demo.city import City
from demo.places import nearest
from demo.reports import Report
from demo.wire import json_response
from demo.words import Message

Handler = Callable[[Request], Awaitable[Response]]

_COMMON: dict[str, joi.Check] = {
    "created_at": joi.moment,
    "disaster_type": joi.one_of("flood"),
    "title": joi.string(empty=True),
    "text": joi.string(empty=True),
    "image_url": joi.string(empty=False),
}
_QLUE: dict[str, joi.Check] = {
    "post_id": joi.integer(),
    **_COMMON,
    "qlue_city": joi.one_of("jabodetabek", "bandung", "surabaya"),
    "location": joi.members({"lat": joi.degrees(90), "lng": joi.degrees(180)}, ("lat", "lng")),
}
# detik's form differs in its names only: a contribution with an address of its own, and degrees spelt out.
_DETIK: dict[str, joi.Check] = {
    "contribution_id": joi.integer(),
    **_COMMON,
    "url": joi.string(empty=False),
    "location": joi.members({"latitude": joi.degrees(90), "longitude": joi.degrees(180)}, ("latitude", "longitude")),
}


def feed_routes(city: City, api_key: str | None) -> list[tuple[str, Handler]]:
    """The two feeds of one city; each remembers the ids it has taken."""
    return [
        ("/feeds/qlue", _feed(city, api_key, "qlue", "post_id", _QLUE, ("qlue_city",))),
        ("/feeds/detik", _feed(city, api_key, "detik", "contribution_id", _DETIK, ("url",))),
    ]


def _feed(
    city: City, api_key: str | None, origin: str, key: str, checks: Mapping[str, joi.Check], further: tuple[str, ...]
) -> Handler:
    taken: set[int] = set()
    required = (key, "created_at", "disaster_type", "text", "location", *further)

    async def post(request: Request) -> Response:
        if api_key is not None and request.headers.get("x-api-key") != api_key:
            # The gateway before the server asks for the key, and says no more than this.
            return json_response({"message": "Forbidden"}, 403)
        sent = await joi.body(request, checks, required)
        number = sent[key]
        if number in taken:
            message = f"{number} already exists in reports table"
            return json_response({key: number, "created": False, "message": message})
        taken.add(number)
        city.received.reports.append(_report(city, origin, sent))
        return json_response({key: number, "created": True})

    return post


def _report(city: City, origin: str, sent: dict[str, Any]) -> Report:
    """What was handed in as a report of Peta Jakarta's own: a new number, and the partner's id is gone."""
    now, created = city.now(), sent["created_at"]
    assert isinstance(created, datetime)
    longitude, latitude = (sent["location"].get(long) or sent["location"].get(short, 0.0) for long, short in _NAMES)
    return Report(
        number=city.received.next_number(now),
        channel="peta",
        kind="flood",
        appears=now,
        dated=created.astimezone(UTC),
        ward=nearest(longitude, latitude),
        position=(longitude, latitude),
        message=Message(sent.get("title", ""), sent["text"], None),
        author="",
        origin=origin,
        image_url=sent.get("image_url"),
    )


_NAMES = (("longitude", "lng"), ("latitude", "lat"))
