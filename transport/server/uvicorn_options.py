"""How uvicorn must be set up so that a client costs bounded memory, whatever it does or does not read."""

from functools import partial
from typing import Any

from transport.server.bounded_http import BoundedHttp
from transport.server.bounded_websocket import BoundedWebSocket
from transport.server.connections import Connections
from transport.settings.door_limits import DoorSettings

KEEP_ALIVE_SECONDS = 5


def uvicorn_options(settings: DoorSettings | None = None) -> dict[str, Any]:
    """Return the options that the door relies on, for `uvicorn.Config(app, **uvicorn_options(settings))`.

    Messages are not compressed one by one: a compressor for each socket is most of what an idle subscriber costs. A peer
    may be silent for a minute before it is taken for dead, so that one which was held up can go on. On stopping, requests
    have ten seconds to finish. What a client says of its own address (X-Forwarded-For) is believed of the proxies that
    the settings name, and of nobody else: uvicorn by itself believes whoever connects from this machine.
    """
    settings = settings or DoorSettings()
    connections = Connections(settings)
    return {
        "ws": partial(BoundedWebSocket, settings=settings, connections=connections),
        "ws_max_size": settings.body_bytes,
        "ws_per_message_deflate": False,
        "ws_ping_interval": 20.0,
        "ws_ping_timeout": 60.0,
        "http": partial(BoundedHttp, settings=settings, connections=connections),
        "timeout_keep_alive": KEEP_ALIVE_SECONDS,
        "timeout_graceful_shutdown": 10,
        "proxy_headers": bool(settings.trusted_proxies),
        "forwarded_allow_ips": list(settings.trusted_proxies),
    }
