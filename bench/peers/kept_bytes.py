"""A server that does nothing: it answers every request with bytes kept ready. How fast the load generator can go."""

import asyncio
import os
from typing import cast

import uvloop

BODY = b'{"data":{"kept":"' + b"x" * 20_000 + b'"}}'
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (len(BODY), BODY)


class Kept(asyncio.Protocol):
    """Answers whatever comes in, a piece at a time, as requests fit into one."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        self._transport.write(ANSWER)


async def main() -> None:
    """Serves until it is ended."""
    server = await asyncio.get_running_loop().create_server(Kept, "127.0.0.1", int(os.environ["BENCH_PORT"]))
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(main())
