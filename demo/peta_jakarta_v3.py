"""Peta Jakarta as it is today (petabencana.id's data server), in its own wire format with all of its quirks."""

from datetime import UTC, datetime, timedelta
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from demo import cap, infrastructure, joi, topojson
from demo import peta_jakarta_records as records
from demo.city import City
from demo.faults import DemoServer
from demo.feeds import feed_routes
from demo.gauges import readings
from demo.images import image_route
from demo.places import kelurahan
from demo.reports import Report
from demo.upstream_cache import DAY, HOUR, MINUTE, Handler, UpstreamCache
from demo.wire import base_url, json_response, utc_millis

MAX_PERIOD_S = 18_748_800
WINDOWS_S = {"flood": 10_800, "earthquake": 43_200, "wind": 7_200, "haze": 21_600, "volcano": 43_200, "fire": 21_600}
"""How far back /reports looks by itself, by disaster."""
NEVER_LISTED = ("prep", "assessment")
"""Disasters that /reports takes as a parameter and never has anything for; the archive has them."""

_ADMIN = joi.one_of("ID-JK", "ID-JB", "ID-JT", "ID-JI", "ID-BT", "ID-YO")
_GEO = joi.one_of("geojson", "topojson")
_GEO_OR_CAP = joi.one_of("cap", "topojson", "geojson")
_STATE = joi.integer(1, 4)
_NUMBER = joi.integer()


def app(city: City, *, cache: bool = False, api_key: str | None = None) -> DemoServer:
    """The server. `cache` switches its own cache on; with `api_key`, posting to the feeds needs it as `x-api-key`."""
    upstream = UpstreamCache(city, cache)
    v3 = _V3(city)

    def get(path: str, handler: Handler, duration: timedelta) -> Route:
        return Route(path, _refusing(upstream.keeping(duration, handler)), methods=["GET"])

    return DemoServer(
        routes=[
            get("/reports", v3.reports, MINUTE),
            get("/reports/archive", v3.archive, MINUTE),
            get("/reports/timeseries", v3.timeseries, MINUTE),
            get("/reports/{id}", v3.report, MINUTE),
            get("/floods", v3.floods, HOUR),
            get("/floods/states", v3.states, HOUR),
            get("/floods/archive", v3.floods_archive, HOUR),
            get("/floods/timeseries", v3.floods_timeseries, HOUR),
            get("/floodgauges", v3.gauges, MINUTE),
            get("/floodgauges/{id}", v3.gauge, MINUTE),
            get("/infrastructure/{type}", v3.infrastructure, HOUR),
            get("/cities", v3.cities, DAY),
            get("/cities/bounds", v3.bounds, DAY),
            *(Route(path, _refusing(handler), methods=["POST"]) for path, handler in feed_routes(city, api_key)),
            image_route(city),
        ],
        exception_handlers={404: _not_found, 405: _not_found},
        broken=json_response({"status": 500, "message": "Internal Server Error"}, 500),
    )


def _refusing(handler: Handler) -> Handler:
    async def answer(request: Request) -> Response:
        try:
            return await handler(request)
        except joi.Refused as refused:
            return refused.answer

    return answer


async def _not_found(request: Request, error: Exception) -> Response:
    """An unknown path, or a known one with another method: Express knows no difference."""
    assert isinstance(error, HTTPException)
    query = f"?{request.url.query}" if request.url.query else ""
    return json_response({"message": "URL not found", "url": request.url.path + query}, 404)


def found(result: Any) -> Response:
    """The envelope of everything that was found."""
    return json_response({"statusCode": 200, "result": result})


def missed() -> Response:
    """The envelope of a miss."""
    return json_response({"statusCode": 404, "found": False, "result": None}, 404)


def _shaped(features: list[records.Feature], geoformat: str | None) -> Response:
    """TopoJSON, unless GeoJSON was asked for."""
    if geoformat == "geojson":
        return found({"type": "FeatureCollection", "features": features})
    return found(topojson.absolute(features))


def _xml(features: list[records.Feature], now: datetime, subject: str) -> Response:
    return Response(cap.feed(features, now, subject), media_type="text/xml; charset=utf-8")


def _span(asked: dict[str, Any]) -> tuple[datetime, datetime]:
    start, end = asked["start"], asked["end"]
    if end < start:
        raise joi.plain("end must be after start")
    if (end - start).total_seconds() > MAX_PERIOD_S:
        raise joi.plain(f"the span between start and end must be at most {MAX_PERIOD_S} seconds")
    return start, end


_SPAN: dict[str, joi.Check] = {"start": joi.moment, "end": joi.moment}
_ARCHIVE: dict[str, joi.Check] = {"admin": _ADMIN, **_SPAN}


class _V3:
    """The handlers of one city's server."""

    def __init__(self, city: City) -> None:
        self.city = city

    # Reports

    async def reports(self, request: Request) -> Response:
        asked = joi.query(
            request,
            {
                "admin": _ADMIN,
                "disaster": joi.one_of(*WINDOWS_S, *NEVER_LISTED),
                "timeperiod": joi.integer(1, MAX_PERIOD_S),
                "geoformat": _GEO_OR_CAP,
            },
        )
        listed = self._listed(asked.get("disaster"), asked.get("timeperiod")) if _is_here(asked) else []
        features = [self._feature(report, request) for report in listed]
        if asked.get("geoformat") == "cap":
            return _xml(features, self.city.now(), "reports")
        return _shaped(features, asked.get("geoformat"))

    def _listed(self, disaster: str | None, period: int | None) -> list[Report]:
        """Newest first. Each disaster has its own window; there is no upper bound, so the future comes first."""
        now = self.city.now()
        kinds = {disaster} if disaster else set(WINDOWS_S)
        oldest = max(period or WINDOWS_S.get(kind, 0) for kind in kinds)
        found = self.city.reports("peta", now - timedelta(seconds=oldest))
        return [
            report
            for report in reversed(found)
            if (kind := records.disaster(report)) in kinds
            and kind not in NEVER_LISTED
            and report.dated >= now - timedelta(seconds=period or WINDOWS_S[kind])
        ]

    async def report(self, request: Request) -> Response:
        number = joi.path(request, "id", _NUMBER)
        asked = joi.query(request, {"geoformat": _GEO})
        report = self.city.report(number)
        if report is None or report.channel != "peta":
            return missed()
        return _shaped([self._feature(report, request)], asked.get("geoformat"))

    async def archive(self, request: Request) -> Response:
        asked = joi.query(request, {**_ARCHIVE, "geoformat": _GEO}, ("start", "end"))
        start, end = _span(asked)
        past = self.city.reports("peta", start, end) if _is_here(asked) else []
        return _shaped([self._feature(report, request) for report in reversed(past)], asked.get("geoformat"))

    async def timeseries(self, request: Request) -> Response:
        """Counts by the hour, hours without any included; `admin` is checked and then not used."""
        asked = joi.query(request, _ARCHIVE, ("start", "end"))
        start, end = _span(asked)
        counts = dict.fromkeys(_hours(start, end), 0)
        for report in self.city.reports("peta", start, end):
            counts[_hour(report.dated)] += 1
        return found([{"ts": utc_millis(hour), "count": str(count)} for hour, count in counts.items()])

    def _feature(self, report: Report, request: Request) -> records.Feature:
        properties = {
            "pkey": str(report.number),
            "created_at": utc_millis(report.dated),
            **records.report_properties(report, report.text(self.city.now()), f"{base_url(request)}/images"),
        }
        return {"type": "Feature", "geometry": records.point(report), "properties": properties}

    # Floods

    async def floods(self, request: Request) -> Response:
        checks = {
            "admin": _ADMIN,
            "minimum_state": _STATE,
            "geoformat": _GEO_OR_CAP,
            "format": joi.one_of("xml", "json"),
        }
        asked = joi.query(request, checks)
        geoformat, form = asked.get("geoformat", "topojson"), asked.get("format", "json")
        if geoformat == "cap" and form != "xml":
            raise joi.plain("format must be 'xml' when geoformat='cap'")
        if geoformat != "cap" and form != "json":
            raise joi.plain("format must be 'json' when geoformat IN ('geojson','topojson')")
        least = asked.get("minimum_state")
        # Without a least state the join is an outer one, and every area comes.
        features = [
            records.area_feature(known)
            for known in self.city.area_states()
            if _is_here(asked) and (least is None or (known.state or 0) >= least)
        ]
        return _xml(features, self.city.now(), "floods") if geoformat == "cap" else _shaped(features, geoformat)

    async def states(self, request: Request) -> Response:
        """Only areas in flood, in no order to rely on; when a flood ends its area is gone from here."""
        asked = joi.query(request, {"admin": _ADMIN, "minimum_state": _STATE, "format": joi.one_of("json")})
        known = [one for one in self.city.area_states() if one.state is not None and _is_here(asked)]
        least = asked.get("minimum_state", 1)
        return found(
            [
                {"area_id": str(one.area.number), **records.state_properties(one)}
                for one in known
                if (one.state or 0) >= least
            ]
        )

    async def floods_archive(self, request: Request) -> Response:
        """The worst state of each area within the span, and when it last changed in it."""
        asked = joi.query(request, {**_ARCHIVE, "format": joi.one_of("json")}, ("start", "end"))
        worst: dict[int, dict[str, Any]] = {}
        for change in self.city.area_changes(*_span(asked)):
            row = worst.setdefault(change.area.number, {"area_id": str(change.area.number), "max_state": 0})
            row["max_state"] = max(row["max_state"], change.state or 0)
            row["last_updated"] = utc_millis(change.since) if change.since else None
        return found([row for row in worst.values() if row["max_state"]])

    async def floods_timeseries(self, request: Request) -> Response:
        """Areas in flood at each full hour; hours without floods are left out."""
        asked = joi.query(request, {**_ARCHIVE, "format": joi.one_of("json")}, ("start", "end"))
        rows: list[dict[str, str]] = []
        for hour in _hours(*_span(asked)):
            if hour <= self.city.now():
                count = sum(known.state is not None for known in self.city.area_states(hour))
                if count:
                    rows.append({"ts": utc_millis(hour), "count": str(count)})
        return found(rows)

    # Gauges, infrastructure, regions

    async def gauges(self, request: Request) -> Response:
        """Twelve hours of observations, each a feature of its own, in the order of a hash: that is, in none."""
        asked = joi.query(request, {"admin": _ADMIN, "geoformat": _GEO})
        now = self.city.now()
        taken = readings(self.city.timetable, now - timedelta(hours=12), now) if _is_here(asked) else []
        jumbled = sorted(taken, key=lambda reading: (reading.number * 2_654_435_761) % 2**32)
        return _shaped([records.gauge_feature(reading) for reading in jumbled], asked.get("geoformat"))

    async def gauge(self, request: Request) -> Response:
        number = joi.path(request, "id", _NUMBER)
        asked = joi.query(request, {"geoformat": _GEO})
        now = self.city.now()
        taken = readings(self.city.timetable, now - timedelta(hours=12), now)
        features = [records.gauge_feature(reading) for reading in taken if reading.number == number]
        return _shaped(features, asked.get("geoformat")) if features else missed()

    async def infrastructure(self, request: Request) -> Response:
        kind = joi.path(request, "type", joi.one_of(*infrastructure.TYPES))
        asked = joi.query(request, {"admin": _ADMIN, "geoformat": _GEO})
        return _shaped(infrastructure.features(kind) if _is_here(asked) else [], asked.get("geoformat"))

    async def cities(self, request: Request) -> Response:
        asked = joi.query(request, {"geoformat": _GEO})
        west, south, east, north = _jakarta()
        ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
        shape = {"type": "MultiPolygon", "coordinates": [[ring]]}
        return _shaped([{"type": "Feature", "geometry": shape, "properties": _REGION}], asked.get("geoformat"))

    async def bounds(self, request: Request) -> Response:
        joi.query(request, {})
        west, south, east, north = _jakarta()
        return found([{**_REGION, "x_min": west, "y_min": south, "x_max": east, "y_max": north}])


_REGION = {"code": records.REGION, "name": "Jakarta"}


def _jakarta() -> tuple[float, float, float, float]:
    """A box around the demo's wards: west, south, east, north."""
    wards = kelurahan()
    longitudes, latitudes = [ward.longitude for ward in wards], [ward.latitude for ward in wards]
    return min(longitudes) - 0.02, min(latitudes) - 0.02, max(longitudes) + 0.02, max(latitudes) + 0.02


def _is_here(asked: dict[str, Any]) -> bool:
    """Everything in the demo is Jakarta's; another region has nothing."""
    return asked.get("admin") in (None, records.REGION)


def _hour(moment: datetime) -> datetime:
    return moment.replace(minute=0, second=0, microsecond=0)


def _hours(start: datetime, end: datetime) -> list[datetime]:
    first = _hour(start.astimezone(UTC))
    return [first + timedelta(hours=count) for count in range(int((end - first).total_seconds() // 3600) + 1)]
