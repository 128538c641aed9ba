"""Operations, whatever way they came: made ready, run as their client may, and seen through where they change something."""

import asyncio

from execution import Prepared, RequestRefused, TooDear
from transport.door import Hub, RequestInfo, Viewer
from transport.http.request import Parameters
from transport.operations.channels import Channels
from transport.operations.documents import PersistedDocuments
from transport.operations.runs import Run, Subscribed
from transport.operations.sharing import SharedAnswers
from transport.operations.throttle import WRONG, Allowance, Throttle
from transport.operations.told import Told
from transport.settings.door_limits import DoorSettings

_USUAL = DoorSettings()


class Operations:
    """Runs operations, whatever way they came.

    Whoever leaves early cancels his queries and subscriptions. A mutation that was begun is seen through, for nobody
    could tell otherwise what became of it; `finished` waits for those.
    """

    def __init__(
        self, hub: Hub, documents: PersistedDocuments, throttle: Throttle, settings: DoorSettings = _USUAL
    ) -> None:
        self.hub = hub
        self.shared = SharedAnswers(hub.news, settings.answer_seconds, joining=settings.join_queries)
        self.channels = Channels(lambda error: hub.engine.refusal(error))
        self._throttle = throttle
        self._documents = documents
        self._mutations: set[asyncio.Task[Told]] = set()

    def prepare(self, parameters: Parameters, viewer: Viewer, address: str | None) -> Prepared:
        """Prepare what was asked. Raises RequestRefused, DocumentRefused and BadRequest.

        To read a long document that was not read before is drawn from the client's allowance, whatever comes of it, and
        so is checking a document or variables that are not right, and planning a large one. Who cannot pay for that has
        nothing new checked.
        """
        text, engine = self._documents.text_of(parameters), self.hub.engine
        operation_name, variables = parameters.operation_name, parameters.variables
        prepared = engine.recall(text, operation_name, variables)
        if prepared is not None:
            return prepared
        allowance = self.allowance(viewer, address)
        if not engine.has_read(text):
            allowance.draw(engine.cost_of_reading(text))
        allowance.require(WRONG)
        before = engine.work
        try:
            return engine.make_ready(text, operation_name, variables)
        except TooDear:
            raise
        except RequestRefused:
            allowance.draw(WRONG)
            raise
        finally:
            if engine.work != before:
                allowance.owe(engine.cost_of_planning(engine.work - before))

    def run(self, prepared: Prepared, viewer: Viewer, info: RequestInfo) -> Run:
        """Make ready to run an operation; nothing happens before its answers are asked for."""
        kind = Subscribed if prepared.kind == "subscription" else Run
        return kind(self, prepared, viewer, info)

    def allowance(self, viewer: Viewer, address: str | None) -> Allowance:
        """What this client has left."""
        return self._throttle.allowance(self.hub.account_of(viewer), address)

    async def finished(self) -> None:
        """Wait until no mutation is under way."""
        while self._mutations:
            await asyncio.wait(self._mutations)

    async def see_through(self, run: Run, allowance: Allowance) -> Told:
        """Execute a mutation so that it goes on when the one who waits for it is cancelled."""
        task = asyncio.create_task(run.act(allowance))
        self._mutations.add(task)
        task.add_done_callback(self._mutations.discard)
        return await asyncio.shield(task)
