"""Serves the drawn photos of the city's reports."""

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from demo.city import City
from demo.photos import photo_of


def image_route(city: City) -> Route:
    """`/images/{number}.jpg`: the photo of that report, once the report is there."""

    # Not async: Starlette runs it in a thread, and drawing does not hold the other answers up.
    def image(request: Request) -> Response:
        report = city.report(request.path_params["number"])
        if report is None or report.photo is None:
            return PlainTextResponse("Not Found", 404)
        return Response(photo_of(report), media_type="image/jpeg")

    return Route("/images/{number:int}.jpg", image, methods=["GET"])
