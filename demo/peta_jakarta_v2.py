"""Peta Jakarta as it was from 2014 to 2017 (petajakarta.org), in its own wire format with all of its quirks."""

from datetime import datetime, timedelta
from itertools import groupby
from typing import Any

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from demo import infrastructure, topojson
from demo import peta_jakarta_records as records
from demo.city import AreaState, City
from demo.clock import JAKARTA
from demo.faults import DemoServer
from demo.gauges import Reading, readings
from demo.images import image_route
from demo.reports import Report
from demo.wire import base_url, jakarta_without_zone, json_response

PREFIX = "/banjir/data/api"
WINDOW = timedelta(hours=2)
_STATIC = ("pumps", "floodgates", "waterways")
Feature = dict[str, Any]


def app(city: City) -> DemoServer:
    """The server. What other servers would tell with 400 or 500 is 204 with an empty body here."""
    v2 = _V2(city)
    return DemoServer(
        routes=[
            Route(f"{PREFIX}/v2/reports/confirmed", v2.reports, methods=["GET"]),
            Route(f"{PREFIX}/v2/reports/confirmed/{{id}}", v2.report, methods=["GET"]),
            Route(f"{PREFIX}/v2/infrastructure/{{type}}", v2.infrastructure, methods=["GET"]),
            Route(f"{PREFIX}/v2/floodwatch/reports", v2.floodwatch, methods=["GET"]),
            Route(f"{PREFIX}/v2/floodwatch/reports/", v2.floodwatch, methods=["GET"]),
            Route(f"{PREFIX}/v1/{{rest:path}}", _moved, methods=["GET"]),
            image_route(city),
        ],
        exception_handlers={404: _not_found, 405: _not_found},
        # The proxy in front answers 500 by itself; the server's own failures look like `_failed`.
        broken=Response("Internal Server Error", 500, media_type="text/plain"),
        without_database=_failed(),
    )


def _failed() -> Response:
    """How this server tells of a bad parameter or a failing database: 204, nothing else."""
    return Response(status_code=204)


async def _moved(request: Request) -> Response:
    """The way from v1 forgets the query string, so a follower of `?format=topojson` gets GeoJSON."""
    return RedirectResponse(f"{PREFIX}/v2/{request.path_params['rest']}", 301)


async def _not_found(request: Request, error: Exception) -> Response:
    return Response("Error 404 - Page not found", 404, media_type="text/html; charset=utf-8")


def _collection(features: list[Feature], request: Request) -> Response:
    """GeoJSON, or TopoJSON if asked for; but nothing at all is `features: null`, whatever was asked for."""
    if not features:
        return json_response({"type": "FeatureCollection", "features": None})
    if request.query_params.get("format") == "topojson":
        return json_response(topojson.quantised(features))
    return json_response({"type": "FeatureCollection", "features": features})


class _V2:
    """The handlers of one city's server."""

    def __init__(self, city: City) -> None:
        self.city = city
        self._kept: dict[str, list[Feature]] = {}

    async def reports(self, request: Request) -> Response:
        now = self.city.now()
        found = [one for one in self.city.reports("peta", now - WINDOW, now) if records.disaster(one) == "flood"]
        return _collection([self._feature(report, request) for report in reversed(found)], request)

    async def report(self, request: Request) -> Response:
        asked = request.path_params["id"]
        if not asked.isascii() or not asked.isdigit():
            return _failed()
        report = self.city.report(int(asked))
        here = report is not None and report.channel == "peta" and records.disaster(report) == "flood"
        return _collection([self._feature(report, request)] if report and here else [], request)

    def _feature(self, report: Report, request: Request) -> Feature:
        properties = {
            "pkey": report.number,
            "created_at": jakarta_without_zone(_shortened(report)),
            **records.report_properties(report, report.text(self.city.now()), f"{base_url(request)}/images"),
        }
        return {"type": "Feature", "geometry": records.point(report), "properties": properties}

    async def infrastructure(self, request: Request) -> Response:
        kind = request.path_params["type"]
        if kind == "floodgauges":
            return _collection(self._gauges(), request)
        if kind not in _STATIC:
            return _failed()
        if kind not in self._kept:  # Read once in the life of the process, whatever changes in the database.
            self._kept[kind] = [_named_only(feature) for feature in infrastructure.features(kind)]
        return _collection(self._kept[kind], request)

    def _gauges(self) -> list[Feature]:
        now = self.city.now()
        taken = readings(self.city.timetable, now - timedelta(hours=12), now)
        by_gauge = sorted(taken, key=lambda reading: (reading.gauge.gaugeid, reading.at))
        return [_gauge(list(group)) for _, group in groupby(by_gauge, key=lambda reading: reading.gauge.gaugeid)]

    async def floodwatch(self, request: Request) -> Response:
        """What the flood office's watchers say of each area in flood; the one place here whose times have a zone.

        The members are our reconstruction; that there is an area, a source and a text is known from its readers.
        """
        flooded = [known for known in self.city.area_states() if known.state is not None]
        return _collection([_watched(known) for known in flooded], request)


def _shortened(report: Report) -> datetime:
    """Times come with 0 to 6 digits of fraction, as they were put in."""
    step = 10 ** (6 - report.number % 7)
    return report.dated.replace(microsecond=report.dated.microsecond // step * step)


def _named_only(feature: Feature) -> Feature:
    return {**feature, "properties": {"name": feature["properties"]["name"]}}


def _gauge(taken: list[Reading]) -> Feature:
    gauge = taken[0].gauge
    observations = [
        {
            "measuredatetime": jakarta_without_zone(reading.at.replace(microsecond=0)),
            "depth": reading.depth_cm,
            "warninglevel": reading.warning_level,
            "warningnameid": reading.warning_name,
        }
        for reading in taken
    ]
    properties = {"gaugeid": gauge.gaugeid, "gaugenameid": gauge.name, "observations": observations}
    place = {"type": "Point", "coordinates": [gauge.longitude, gauge.latitude]}
    return {"type": "Feature", "geometry": place, "properties": properties}


_SEEN = {
    1: "Genangan, kedalaman belum diketahui",
    2: "Banjir 10-70 cm",
    3: "Banjir 71-150 cm",
    4: "Banjir di atas 150 cm",
}


def _watched(known: AreaState) -> Feature:
    ring = known.area.parts[0][:-1]
    middle = [round(sum(place[axis] for place in ring) / len(ring), 6) for axis in (0, 1)]
    properties = {
        "pkey": known.area.number,
        "created_at": known.since.astimezone(JAKARTA).isoformat(timespec="seconds") if known.since else None,
        "area_name": f"{known.area.name} {known.area.kelurahan.name.upper()}",
        "source": "BPBD",
        "text": _SEEN[known.state or 1],
    }
    return {"type": "Feature", "geometry": {"type": "Point", "coordinates": middle}, "properties": properties}
