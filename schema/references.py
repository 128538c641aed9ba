"""Types by name, so that two files may speak of each other's: a report of its area, an area of its reports."""

from typing import TYPE_CHECKING, Annotated

import strawberry

if TYPE_CHECKING:
    from schema.agency import Agency
    from schema.area import Area
    from schema.category import Category
    from schema.comment import Comment
    from schema.event import Actor, ReportEvent
    from schema.flood import FloodArea, FloodAreaChange
    from schema.forwarding import Forwarding
    from schema.lapor import LaporTicket
    from schema.photo import Photo
    from schema.report import Report
    from schema.source import Source
    from schema.statistics import Statistics

ActorRef = Annotated["Actor", strawberry.lazy("schema.event")]
AgencyRef = Annotated["Agency", strawberry.lazy("schema.agency")]
AreaRef = Annotated["Area", strawberry.lazy("schema.area")]
CategoryRef = Annotated["Category", strawberry.lazy("schema.category")]
CommentRef = Annotated["Comment", strawberry.lazy("schema.comment")]
FloodAreaRef = Annotated["FloodArea", strawberry.lazy("schema.flood")]
FloodAreaChangeRef = Annotated["FloodAreaChange", strawberry.lazy("schema.flood")]
ForwardingRef = Annotated["Forwarding", strawberry.lazy("schema.forwarding")]
LaporTicketRef = Annotated["LaporTicket", strawberry.lazy("schema.lapor")]
PhotoRef = Annotated["Photo", strawberry.lazy("schema.photo")]
ReportRef = Annotated["Report", strawberry.lazy("schema.report")]
ReportEventRef = Annotated["ReportEvent", strawberry.lazy("schema.event")]
SourceRef = Annotated["Source", strawberry.lazy("schema.source")]
StatisticsRef = Annotated["Statistics", strawberry.lazy("schema.statistics")]
