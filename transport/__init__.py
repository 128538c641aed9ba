"""How clients reach the hub.

graphql_app.py   the GraphQL path: HTTP, server-sent events and WebSocket behind one application
door.py          what the door asks of the hub (`Hub`) and tells it of a request
graphql_http.py  requests and answers; head.py, manner.py, request.py, multipart.py (parts.py), answers.py, told.py and replies.py read and
                 write them; preferences.py reads what clients like; compression.py (joined_compression.py), entity_tags.py
                 and documents.py (trusted.py) spare bytes both ways
graphql_sse.py   event streams (events_waiting.py)
graphql_ws.py    one socket and its messages (messages.py, introduction.py); socket_operation.py: what it asks for; sockets.py has
                 all of them, pinging.py sees whether they are there, origins.py says which pages may open one
running.py       makes operations ready, whatever way they came; runs.py: one while it runs; throttle.py (shared_allowance.py):
                 what each client may spend, turns.py: how much of it is worked on at once, sharing.py: answers that several get
channels.py      subscriptions that ask the same; fan_out.py hands what happens to each of them
session.py       how long somebody's credentials hold; clients.py: who counts as one client, and what each may have open
serving.py       how uvicorn must be set up for all this: bounded_http.py (lingering.py) and bounded_websocket.py (arrivals.py) hold
                 clients to bounds, connections.py counts them; whole_http.py takes and answers requests in one piece (whole.py)
ports.py         takes the port; listening.py listens on it, for neighbours too, and stops gently
hub.py           the hub behind the door
identity.py      who asks: by tokens (tokens.py) of ours (local_tokens.py) or of an issuer (oidc.py and oidc_*.py),
                 or by api_keys.py
site.py          all paths of one application: pages.py, photo_files.py and push.py have theirs; safe_headers.py is for all
configuration.py every setting of the hub, with limit_settings.py and issuer_settings.py; loading_settings.py fills them;
                 settings.py the door's own limits
commands/        the operator's commands, but for those that serve
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
