"""Qlue's feed of 2015-16, as Peta Jakarta polled it: one array, newest first, windowed, no paging, no zones."""

from datetime import timedelta
from typing import Any

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from demo.city import City
from demo.clock import JAKARTA
from demo.faults import DemoServer
from demo.images import image_route
from demo.reports import Report
from demo.wire import base_url, json_response

CATEGORIES = {
    "ic_2flod": "flood",
    "ic_2traf": "traffic",
    "ic_2jock": "jockey",
    "ic_2park": "parking",
    "ic_2begg": "beggars",
    "ic_2tras": "waste",
    "ic_2road": "road",
    "ic_2lamp": "lamp",
    "ic_2vend": "vendors",
    "ic_2tree": "tree",
    "ic_2fire": "fire",
    "ic_2crim": "crime",
    "ic_2watr": "water",
    "ic_2nois": "noise",
    "ic_2publ": "facility",
    "ic_2othr": "other",
}
"""The feed's marker categories by our kind of report. Only `ic_2flod` is known from Qlue's readers; the others are
made up in its manner, because the app surely had them and a city has more troubles than floods."""

WORDS = {
    "ic_2flod": "banjir",
    "ic_2traf": "macet",
    "ic_2jock": "joki 3in1",
    "ic_2park": "parkir liar",
    "ic_2begg": "pengemis",
    "ic_2tras": "sampah",
    "ic_2road": "jalan rusak",
    "ic_2lamp": "penerangan jalan",
    "ic_2vend": "pkl",
    "ic_2tree": "pohon tumbang",
    "ic_2fire": "kebakaran",
    "ic_2crim": "keamanan",
    "ic_2watr": "air bersih",
    "ic_2nois": "kebisingan",
    "ic_2publ": "fasilitas umum",
    "ic_2othr": "lainnya",
}
"""What each category is called, for whoever has to map it: a post itself does not say its category."""

WINDOW = timedelta(hours=6)
LIMIT = 500


def app(city: City, *, window: timedelta = WINDOW, limit: int = LIMIT) -> DemoServer:
    """The server. Posts older than `window`, or beyond the newest `limit` of the category asked for, drop out."""

    async def markers(request: Request) -> Response:
        category = request.query_params.get("category", "")
        kind = CATEGORIES.get(category)
        if category and kind is None:
            return json_response([])
        now = city.now()
        posts = [one for one in city.reports("qlue", now - window, now) if kind in (None, one.kind)]
        newest = posts[::-1][:limit]
        return json_response([_post(report, report.text(now), base_url(request)) for report in newest])

    return DemoServer(
        routes=[Route("/qluein_marker_level1.php", markers, methods=["GET"]), image_route(city)],
        broken=PlainTextResponse("Internal Server Error", 500),
    )


def _post(report: Report, text: str, base: str) -> dict[str, Any]:
    longitude, latitude = report.position if report.has_place else (0, 0)
    # The feed mixes numbers and strings, also for "no place", which is 0,0.
    as_string = report.number % 2 == 1
    return {
        "post_id": report.number,
        "post_date": f"{report.dated.astimezone(JAKARTA):%Y-%m-%d %H:%M:%S}",
        "post_title": report.message.title,
        "post_desc": text,
        "post_images": f"{base}/images/{report.photo}" if report.photo else "",
        "loc_lat": str(latitude) if as_string else latitude,
        "loc_lng": str(longitude) if as_string else longitude,
        "profile_name": report.author,
    }
