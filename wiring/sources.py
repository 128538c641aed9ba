"""The sources of the configuration: connectors that read them, hand reports on to them, and take what they push."""

from collections.abc import Mapping
from typing import Any

from connectors.base import Connector, Submits
from connectors.config import SourceConfig
from connectors.errors import NotAuthorised, PushRefused, SettingsWrong, SourceUnavailable
from connectors.inbound import take_push
from connectors.manifest import Capability
from connectors.registry import build
from connectors.runner import Runner
from domain.sink import Accepted, Forwarder
from resolvers.context import HubParts
from storage.ingest.sink import StoreSink
from storage.together.crossing import Crossing
from transport.push import PushOutcome, Receiver
from transport.settings.configuration import WrongSetting


class Sources:
    """All sources of this process: `start`, `wake` as people ask, `stop`. `told` is the configuration's table of them.

    Raises WrongSetting, in words, for one that cannot be.
    """

    def __init__(self, parts: HubParts, told: Mapping[str, Mapping[str, Any]], crossing: Crossing, holder: str) -> None:
        self._connectors = [_connector(code, table, parts.secret) for code, table in told.items()]
        self._sink = StoreSink(parts.store, lambda: parts.areas, parts.photos, parts.preparer, parts.secret)
        crossing.keep(StoreSink, lambda: self._sink)
        self._holder = holder
        self._runner = Runner(self._connectors, self._sink, holder=holder)

    @property
    def forwarders(self) -> dict[str, Forwarder]:
        """Who hands reports on, by the code of the source."""
        return {each.code: each for each in self._connectors if isinstance(each, Submits)}

    @property
    def receivers(self) -> dict[str, Receiver]:
        """Who takes pushes, with what he refuses told in the pusher's terms."""
        taking = (each for each in self._connectors if Capability.PUSH in each.capabilities)
        return {each.code: self._receiver(each) for each in taking}

    async def start(self) -> None:
        """Makes the sources known and begins to read them."""
        await self._runner.start()

    def wake(self, code: str) -> None:
        """Reads a source now, if this process does."""
        self._runner.wake(code)

    async def stop(self) -> None:
        """Lets each finish the batch it is storing."""
        await self._runner.stop()

    def _receiver(self, connector: Connector[SourceConfig]) -> Receiver:
        async def receive(body: bytes, headers: Mapping[str, str]) -> PushOutcome:
            try:
                accepted = await take_push(connector, self._sink, self._holder, body, headers)
            except PushRefused as error:
                faults = [{"path": fault.path, "message": fault.message} for fault in error.faults]
                return PushOutcome(400, {"message": "The body is not of the agreed form.", "faults": faults})
            except NotAuthorised:
                return PushOutcome(401, {"message": "The key is not the agreed one."})
            except SourceUnavailable as error:
                retry = {"Retry-After": str(round(error.retry_after or 1))}
                return PushOutcome(503, {"message": "The hub is busy: push again later."}, retry)
            return PushOutcome(200, _told_of(accepted))

        return receive


def _told_of(accepted: Accepted) -> dict[str, Any]:
    """What became of what was pushed. Of a report that was known nothing is created either, so it is said
    apart where the connector left it out."""
    told: dict[str, Any] = {"created": accepted.created > 0, "setAside": accepted.set_aside}
    return told | {"ignored": True} if accepted == Accepted() else told


def _connector(code: str, told: Mapping[str, Any], secret: bytes) -> Connector[SourceConfig]:
    config = dict(told)
    kind, name = config.pop("kind", code), config.pop("name", None)
    try:
        return build(kind, config, secret, code=code, name=name)
    except SettingsWrong as error:
        raise WrongSetting(f"The table [sources.{code}] is wrong: {error}. See docs/connectors.md.") from error
