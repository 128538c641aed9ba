"""Points and boxes: degrees of WGS 84, always by name, so that nobody has to know an order."""

from resolvers.filters import BoundingBoxFilter, NearFilter
from resolvers.inputs import GivenPoint
from schema.fields import column, input_type, output, owed


@output
class Coordinates:
    """A point on Earth."""

    latitude: float = column("latitude", "Degrees north of the equator (WGS 84); Jakarta's are negative.")
    longitude: float = column("longitude", "Degrees east of Greenwich (WGS 84).")


@output
class BoundingBox:
    """The smallest rectangle of latitudes and longitudes around something."""

    west: float = column("west", "Its western edge, degrees of longitude.")
    south: float = column("south", "Its southern edge, degrees of latitude.")
    east: float = column("east", "Its eastern edge, degrees of longitude.")
    north: float = column("north", "Its northern edge, degrees of latitude.")


@input_type
class BoundingBoxInput:
    """A rectangle, edges included; it never crosses the antimeridian."""

    west: float = owed("Its western edge, degrees of longitude; not east of `east`.")
    south: float = owed("Its southern edge, degrees of latitude; not north of `north`.")
    east: float = owed("Its eastern edge, degrees of longitude.")
    north: float = owed("Its northern edge, degrees of latitude.")

    def plain(self) -> BoundingBoxFilter:
        """As the resolvers take it."""
        return BoundingBoxFilter(self.west, self.south, self.east, self.north)


@input_type
class NearInput:
    """A circle on the ground."""

    latitude: float = owed("Its centre, degrees north of the equator (WGS 84).")
    longitude: float = owed("Its centre, degrees east of Greenwich (WGS 84).")
    within_meters: float = owed("Its radius in metres, measured along a great circle.")

    def plain(self) -> NearFilter:
        """As the resolvers take it."""
        return NearFilter(self.latitude, self.longitude, self.within_meters)


@input_type
class CoordinatesInput:
    """A point on Earth."""

    latitude: float = owed("Degrees north of the equator (WGS 84); Jakarta's are negative.")
    longitude: float = owed("Degrees east of Greenwich (WGS 84).")

    def plain(self) -> GivenPoint:
        """As the resolvers take it."""
        return GivenPoint(self.latitude, self.longitude)
