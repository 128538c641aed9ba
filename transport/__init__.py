"""How clients reach the hub.

graphql_app.py   the GraphQL path: HTTP, server-sent events and WebSocket behind one application
door.py          what the door asks of the hub (`Hub`) and tells it of a request; hub.py: the hub behind it
http/            one request, one answer, or a stream of them
sockets/         GraphQL over WebSocket
operations/      what was asked, whatever way it came: run, paid for, shared
identity/        who asks
server/          uvicorn, held to bounds
settings/        what can be set
site.py          all paths of one application: pages.py, photo_files.py and push.py have theirs; safe_headers.py is for all
commands/        the operator's commands, but for those that serve; greeting.py: what who starts the hub sees
"""

from transport.door import BadRequest, Credentials, Hub, RequestInfo, Viewer
from transport.graphql_app import GraphQLDoor, graphql_app
from transport.http.parts import Upload
from transport.settings.door_limits import DoorSettings

__all__ = [
    "BadRequest",
    "Credentials",
    "DoorSettings",
    "GraphQLDoor",
    "Hub",
    "RequestInfo",
    "Upload",
    "Viewer",
    "graphql_app",
]
