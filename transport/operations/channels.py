"""Subscriptions that ask the same: what happens is executed once for all of them, written out once, and handed to each.

A subscription reads the log for itself until it has caught up. Then it follows a channel, which costs it no task and no
memory to speak of. A follower that cannot take what it is handed (its socket is full) leaves the channel, reads on for itself
from where it stood, and comes back. So nobody waits for the slowest, and nobody misses anything.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Hashable, Iterable
from typing import Protocol

from execution import Answer, RequestRefused, Stream
from execution.stream import Delivery, Feed, Place, SharedSource
from transport.operations.fan_out import FanOut
from transport.operations.throttle import Allowance
from transport.operations.told import body_of
from transport.sockets import messages

AT_ONCE = 32
"""How many events are executed at the same time; the others wait."""
_IDS_KEPT = 64
"""Frames that are kept for an answer: most clients give their operations the same few ids."""


class SharedAnswer:
    """One answer for many: written out once, and framed once for each id that operations have."""

    __slots__ = ("_body", "_event", "_frames", "cursor")

    def __init__(self, answer: Answer) -> None:
        self._body = body_of(answer)
        self._frames: dict[str, bytes] = {}
        self._event: bytes | None = None
        self.cursor: str | None = (answer.extensions or {}).get("cursor")

    def frame(self, id_: str) -> bytes:
        """Return the WebSocket frame of the message `next` to an operation."""
        found = self._frames.get(id_)
        if found is None:
            found = messages.framed(messages.next_with(id_, self._body))
            if len(self._frames) < _IDS_KEPT:
                self._frames[id_] = found
        return found

    def event(self) -> bytes:
        """Return the server-sent event `next`."""
        if self._event is None:
            self._event = next_event(self.cursor, self._body)
        return self._event


def next_event(cursor: str | None, body: bytes) -> bytes:
    """Return the server-sent event `next` with its id."""
    id_line = b"" if cursor is None else b"id: " + cursor.encode() + b"\n"
    return id_line + b"event: next\ndata: " + body + b"\n\n"


class Outlet(Protocol):
    """Where one subscription's answers go while it follows a channel. None of this waits."""

    def hand(self, answer: SharedAnswer) -> bool:
        """Take an answer; tell whether it was taken."""

    def behind(self) -> None:
        """Hear that it follows no more, since it took no answer: it is to read on for itself."""

    def ended(self, refused: RequestRefused) -> None:
        """Hear that the subscription broke off."""


class Follower:
    """One subscription that has caught up: what its stream has read, and what it was handed since."""

    __slots__ = ("_channel", "_last", "_seen", "allowance", "outlet", "source", "stream")

    def __init__(self, stream: Stream, source: SharedSource, allowance: Allowance, outlet: Outlet) -> None:
        self.stream, self.source, self.allowance, self.outlet = stream, source, allowance, outlet
        self._channel: Channel | None = None
        self._last = source.known
        self._seen = source.read

    def enter(self, channel: "Channel") -> None:
        """Follow a channel."""
        self._channel = channel
        channel.add(self)

    def leave(self) -> None:
        """Follow no more."""
        channel, self._channel = self._channel, None
        if channel is not None:
            channel.remove(self)

    @property
    def following(self) -> bool:
        """Whether it still follows."""
        return self._channel is not None

    def due(self, delivery: Delivery) -> bool:
        """Tell whether a delivery is still to be handed to it."""
        return delivery.place is not None and delivery.place[0] > self._seen

    def take(self, answer: SharedAnswer, delivery: Delivery) -> None:
        """Hand it what is due, or let it go where it cannot take it."""
        place = delivery.place
        if self._channel is None or place is None or place[0] <= self._seen:
            return
        if self.outlet.hand(answer):
            self._last, self._seen = place, place[0]
            return
        self.source.go_on(self._stands())
        self.leave()
        self.outlet.behind()

    def end(self, refused: RequestRefused) -> None:
        """Break off, unless it has left meanwhile."""
        if self._channel is not None:
            self._channel = None
            self.outlet.ended(refused)

    def progress(self) -> str:
        """Return the cursor of the place up to which it was handed everything."""
        stands = self._stands()
        return self.source.cursor_of(stands) if self._channel is None else self._channel.cursor_of(stands)

    def _stands(self) -> Place:
        settled = (
            self._last if self._channel is None else self._channel.settled
        )  # what is handed out now is not settled
        return settled if settled[0] > self._last[0] else self._last


class Channel:
    """All followers of one distinct operation."""

    def __init__(self, channels: "Channels", key: Hashable, source: SharedSource) -> None:
        self._channels, self._key = channels, key
        self._followers: dict[Follower, None] = {}
        self._clients: Counter[Allowance] = Counter()
        self._working: asyncio.Task[None] | None = None
        self._source = source
        self._told: tuple[Place, str] | None = None
        self._feed: Feed = source.feed(self._wake, self._end)

    def add(self, follower: Follower) -> None:
        """One more follower."""
        self._followers[follower] = None
        self._clients[follower.allowance] += 1

    def remove(self, follower: Follower) -> None:
        """One less; the last one closes the channel."""
        if follower not in self._followers:
            return
        del self._followers[follower]
        self._clients[follower.allowance] -= 1
        if not self._clients[follower.allowance]:
            del self._clients[follower.allowance]
        if not self._followers:
            self._close()

    @property
    def settled(self) -> Place:
        """The last place that may be told to who was handed all there was."""
        return self._feed.settled

    def cursor_of(self, place: Place) -> str:
        """Return a place's cursor; that of the last one is kept, for all followers tell the same in their pings."""
        if self._told is None or self._told[0] != place:
            self._told = (place, self._source.cursor_of(place))
        return self._told[1]

    def _wake(self) -> None:
        if self._working is None:
            self._working = asyncio.create_task(self._work(), name="channel")

    async def _work(self) -> None:
        try:
            while (delivery := await self._feed.next()) is not None:
                await self._tell(delivery)
                self._feed.done()
        except Exception as error:  # noqa: BLE001  whatever it is, the followers are told
            self._end(error)
        finally:
            self._working = None

    async def _tell(self, delivery: Delivery) -> None:
        if not any(each.due(delivery) for each in self._followers):
            return
        answer = await self._whose_turn().stream.answer_to(delivery)
        await self._charge(answer.spent)
        shared = SharedAnswer(answer)
        await self._channels.fan_out.serve(list(self._followers), lambda each: each.take(shared, delivery))

    async def _charge(self, cost: int) -> None:
        """An event is charged once to each client that listens. Where all have spent what they had, others go first."""
        await asyncio.sleep(min((client.pace(cost) for client in self._clients), default=0.0))
        for client in self._clients:
            client.note(cost)

    def _whose_turn(self) -> Follower:
        """Whose client's turn it is executed in: of one who has none waiting, if there is such."""
        return next((each for each in self._followers if each.allowance.telling.idle), next(iter(self._followers)))

    def _end(self, error: Exception) -> None:
        followers, self._followers = self._followers, {}
        self._clients.clear()
        self._close()
        refused = self._channels.refusal(error)
        self._channels.end(followers, refused)

    def _close(self) -> None:
        self._feed.close()
        self._channels.forget(self._key, self)
        if self._working is not None and self._working is not asyncio.current_task():
            self._working.cancel()


class Channels:
    """The channels of a hub, by what is asked and for whom."""

    def __init__(self, refusal: Callable[[Exception], RequestRefused]) -> None:
        self.refusal = refusal
        self.fan_out = FanOut()
        self.executing = asyncio.Semaphore(AT_ONCE)
        self._open: dict[Hashable, Channel] = {}
        self._ending: set[asyncio.Task[None]] = set()

    def __len__(self) -> int:
        return len(self._open)

    def follow(self, key: Hashable, follower: Follower) -> None:
        """Have a subscription that has caught up follow the channel of `key`."""
        channel = self._open.get(key)
        if channel is None:
            channel = self._open[key] = Channel(self, key, follower.source)
        follower.enter(channel)

    def end(self, followers: Iterable[Follower], refused: RequestRefused) -> None:
        """Break off the subscriptions of a channel that has ended, in fair turns as well."""
        ending = asyncio.create_task(self.fan_out.serve(list(followers), lambda each: each.end(refused)))
        self._ending.add(ending)
        ending.add_done_callback(self._ending.discard)

    def forget(self, key: Hashable, channel: Channel) -> None:
        """Let go of a channel that is closed."""
        if self._open.get(key) is channel:
            del self._open[key]
