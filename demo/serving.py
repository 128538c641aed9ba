"""Runs a demo server on a loopback port, inside the running event loop, and takes it away again without a trace."""

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

import uvicorn
from starlette.applications import Starlette

from demo.faults import DemoServer


class _Server(uvicorn.Server):
    """Uvicorn without its signal handlers: whoever embeds it decides what Ctrl-C means."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@asynccontextmanager
async def serve(app: Starlette, host: str = "127.0.0.1", port: int = 0) -> AsyncIterator[str]:
    """Serve `app` while the block runs; gives the base address, without a slash at its end.

    Port 0 takes a free one. Raises OSError when the port is taken. On leaving, requests under way are cut off and
    waited for, so that no task, socket or warning is left behind.
    """
    listener = _listen(host, port)
    server = _Server(_config(app))
    running = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        while not server.started:
            if running.done():
                await running
            await asyncio.sleep(0.005)
        yield f"http://{host}:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        if isinstance(app, DemoServer):
            app.faults.clear()
        _cut_off(server)
        await running
        listener.close()


def _listen(host: str, port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError:
        listener.close()
        raise
    return listener


def _config(app: Starlette) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        http="h11",
        ws="none",
        lifespan="off",
        log_config=None,
        log_level="critical",
        access_log=False,
        timeout_graceful_shutdown=2,
        server_header=False,
    )


def _cut_off(server: uvicorn.Server) -> None:
    """Drop all connections: idle ones that a client keeps for later would hold up the end."""
    for connection in list(server.server_state.connections):
        transport = getattr(connection, "transport", None)
        if transport is not None:
            transport.abort()
