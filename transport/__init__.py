"""How clients reach the hub.

graphql_app.py   the GraphQL path: HTTP, server-sent events and WebSocket behind one application
door.py          what the door asks of the hub (`Hub`) and tells it of a request
graphql_http.py  requests and answers; request.py, multipart.py and answers.py read and write them;
                 compression.py, entity_tags.py and documents.py (trusted.py) spare bytes both ways
graphql_sse.py   event streams
graphql_ws.py    one socket and its messages (messages.py); sockets.py has all of them, origins.py says which pages may open one
session.py       how long somebody's credentials hold; clients.py: how much each client may have open
running.py       one operation while it runs, whatever carries its answers
serving.py       how uvicorn must be set up for all this: bounded_http.py and bounded_websocket.py hold clients to bounds
listening.py     takes the port and stops gently
hub.py           the hub behind the door; identity.py and tokens.py find who asks
site.py          all paths of one application: pages.py, photo_files.py and push.py have theirs
configuration.py every setting of the hub; settings.py the door's own limits
greeting.py      what the person who starts the hub sees
"""

from transport.door import BadRequest, Credentials, Hub, RequestInfo, Viewer
from transport.graphql_app import GraphQLDoor, graphql_app
from transport.parts import Upload
from transport.settings import DoorSettings

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
