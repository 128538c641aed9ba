"""Runs a demo server on a loopback port, inside the running event loop, and takes it away again without a trace."""

import asyncio
import socket
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress

import uvicorn
from starlette.applications import Starlette

from demo.faults import DemoServer

_PATIENCE_S = 2.0


class _Server(uvicorn.Server):
    """Uvicorn for tests: no signal handlers, and an end that is sharp and quick instead of graceful.

    Whoever embeds it decides what Ctrl-C means; and connections that a client keeps open for later would hold up a
    graceful end, while nobody minds a demo server's last answers.
    """

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.stopping = asyncio.Event()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def main_loop(self) -> None:
        counter = 0
        while not self.stopping.is_set():
            await self.on_tick(counter)  # keeps the Date header right, every tenth time
            counter += 10
            with suppress(TimeoutError):
                await asyncio.wait_for(self.stopping.wait(), 1.0)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for server in self.servers:
            server.close()
        for connection in list(self.server_state.connections):
            connection.transport.abort()
        tasks = list(self.server_state.tasks)
        if tasks:
            await asyncio.wait(tasks, timeout=_PATIENCE_S)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.sleep(0)  # Aborted transports close on the loop's next turn.
        for server in self.servers:
            await server.wait_closed()


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
            await asyncio.sleep(0.002)
        yield f"http://{host}:{listener.getsockname()[1]}"
    finally:
        if isinstance(app, DemoServer):
            app.faults.clear()
        server.stopping.set()
        await running
        listener.close()


@contextmanager
def serve_in_thread(app: Starlette) -> Iterator[str]:
    """The same for code without an event loop: the server runs in one of its own, in a thread."""
    ready, address = threading.Event(), ""
    loop = asyncio.new_event_loop()
    stop = asyncio.Event()

    async def run() -> None:
        nonlocal address
        async with serve(app) as address:
            ready.set()
            await stop.wait()

    def work() -> None:
        try:
            loop.run_until_complete(run())
            loop.run_until_complete(loop.shutdown_default_executor())
        finally:
            loop.close()
            ready.set()

    thread = threading.Thread(target=work, name="demo server")
    thread.start()
    ready.wait()
    try:
        yield address
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join()


def _listen(host: str, port: int) -> socket.socket:
    # asyncio sets TCP_NODELAY only on sockets that say they are TCP; without it each small answer waits 40 ms.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
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
        server_header=False,
    )
