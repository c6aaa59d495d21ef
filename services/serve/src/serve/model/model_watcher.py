"""The model watcher: each worker loads the admitted model, and takes it live."""

import asyncio
import math
from collections import Counter
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, asynccontextmanager, suppress
from http import HTTPStatus
from pathlib import Path

import msgspec
from stage_contract import LOGGER, Artifact, ContractError, open_artifact

from serve.model.decisions import Admitted, Decision, read_decision
from serve.model.models import Model
from serve.model.refusals import Fault, Refused, fault_of
from serve.problems import RequestError
from serve.runtime.memory import give_back
from serve.runtime.resources import memory_left
from serve.runtime.shared_state import SharedState

type LoadModel = Callable[[Artifact, Model | None, Admitted], Model]
"""Loads an admitted model; the second argument is the live one."""

type Found = tuple[Model, ExitStack]

_FIRST_POLL_SECONDS = 5
"""Seconds to wait at startup: a model that loads in this time is live before the first request."""
_POLL_SECONDS = 0.05
"""Maximum seconds between two polls; a poll takes microseconds."""
_TIMES_OF_TRIAL = 10
_MORE_SECONDS = 5
"""Time limit for loading: ten times the test's duration plus some seconds, for a busy machine."""
_MB = 1_000_000


class ModelWatcher:
    """Holds the live model, which changes between two requests, never within one."""

    def __init__(
        self,
        shared_state: SharedState,
        volume: Path,
        load: LoadModel,
        *,
        poll_seconds: float,
        on_swap: Callable[[Model], None],
    ) -> None:
        """Follow the decisions in shared memory for the models of a volume.

        `on_swap` is called with a model that went live, before the first request to it.
        """
        self.model: Model | None = None
        self.refused: Refused | None = None
        self.swaps = 0
        """Number of models taken live since this process started, including the first."""
        self.refusals: Counter[str] = Counter()
        """Number of models refused since the server started, by cause."""
        self._shared_state = shared_state
        self._volume = volume
        self._load = load
        self._on_swap = on_swap
        self._poll_seconds = poll_seconds
        self._decision: Decision | None = None
        self._failure: Refused | None = None
        """The error of loading an admitted model in this worker."""
        self._held = ExitStack()
        # One thread, because each thread keeps the memory of the largest model that it has loaded.
        self._loader = ThreadPoolExecutor(1, "loader")

    def live(self) -> Model:
        """Return the live model.

        Raises:
            RequestError: No model is live.
        """
        if self.model is not None:
            return self.model
        refused = self.refused
        in_short = f": model {refused.id} was refused, {refused.reason_in_short}" if refused else ""
        retry_after = b"%d" % math.ceil(self._poll_seconds)
        headers = [(b"retry-after", retry_after)]
        raise RequestError(
            HTTPStatus.SERVICE_UNAVAILABLE,
            f"no model is live: {self._why_none()}",
            headers=headers,
            public_detail=f"no model is live{in_short}",
        )

    def _why_none(self) -> str:
        if self.refused is not None:
            return self.refused.reason
        decision = self._decision or Decision()
        if name := decision.trying or (decision.admitted and decision.admitted.id):
            return f"model {name} is being loaded"
        return decision.idle

    @asynccontextmanager
    async def watching(self) -> AsyncIterator[None]:
        """Poll in the background; a model that loads in time is live from the start."""
        polled = asyncio.Event()
        task = asyncio.create_task(self._watch(polled))
        with suppress(TimeoutError):
            await asyncio.wait_for(polled.wait(), _FIRST_POLL_SECONDS)
        try:
            yield
        finally:
            task.cancel()
            self._loader.shutdown(wait=False)
            self._held.close()

    async def _watch(self, polled: asyncio.Event) -> None:
        while True:
            try:
                await self.poll()
            except Exception:  # noqa: BLE001  # the live model serves on
                LOGGER.exception("the decision about models can't be followed")
            if self._has_what_was_decided():
                polled.set()
            await asyncio.sleep(min(self._poll_seconds, _POLL_SECONDS))

    def _has_what_was_decided(self) -> bool:
        if self.model is not None or self._failure is not None:
            return True
        decision = self._decision
        return decision is not None and decision.trying is None and decision.admitted is None

    async def poll(self) -> None:
        """Take the admitted model live if it is another one."""
        self._decision = decision = read_decision(self._shared_state)
        if decision is None:
            return
        self.refusals = Counter(decision.refusals)
        admitted = decision.admitted
        if admitted is None or (self.model is not None and self.model.id == admitted.id):
            self._failure = None
        elif not (self._failure and self._failure.applies_to(admitted.id, [])):
            await self._swap(admitted)
        self.refused = self._failure or decision.refused

    async def _swap(self, admitted: Admitted) -> None:
        if not self._shared_state.begin_loading():
            return  # Another worker is loading now; the next poll is soon.
        try:
            most = _MORE_SECONDS + _TIMES_OF_TRIAL * admitted.seconds
            found = await asyncio.wait_for(self._in_loader(lambda: self._open(admitted)), most)
        except TimeoutError:
            # The thread can't be stopped; its result will be discarded.
            self._loader.shutdown(wait=False)
            self._loader = ThreadPoolExecutor(1, "loader")
            self._fail(admitted, Fault("timeout", f"model {admitted.id}: not loaded in {most:g} s"))
        except Exception as error:  # noqa: BLE001  # a new model must never end the live one
            self._fail(admitted, fault_of(error, what=f"model {admitted.id}"))
        else:
            self._failure = None
            await self._take_live(found)
        finally:
            self._shared_state.end_loading()

    async def _take_live(self, found: Found) -> None:
        (model, held), before = found, self.model
        self.model = model
        self._on_swap(model)
        self._held.close()
        self._held = held
        self.swaps += 1
        instead_of = f", in place of {before.id}" if before else ""
        LOGGER.info("live: model %s%s", model.id, instead_of, extra={"model": model.id})
        if model.changes:
            LOGGER.warning(
                "the signature of model %s has changed: %s",
                model.id,
                model.changes,
                extra={"model": model.id, "changes": msgspec.to_builtins(model.changes)},
            )
        del before, found
        await self._in_loader(give_back)

    async def _in_loader[Result](self, function: Callable[[], Result]) -> Result:
        return await asyncio.get_running_loop().run_in_executor(self._loader, function)

    def _open(self, admitted: Admitted) -> Found:
        """Load the admitted model, and protect its artifact from pruning."""
        if (left := memory_left()) < admitted.peak_bytes:
            raise MemoryError(f"{admitted.peak_bytes / _MB:.0f} MB, {left / _MB:.0f} MB are left")
        with ExitStack() as held:
            artifact = open_artifact(self._volume / admitted.id, "model")
            held.enter_context(artifact.hold())
            if artifact.content != admitted.content:
                raise ContractError(
                    f"{artifact.path}: is another one than the model that was tried"
                )
            return self._load(artifact, self.model, admitted), held.pop_all()

    def _fail(self, admitted: Admitted, fault: Fault) -> None:
        """Record why an admitted model can't be loaded here, and retry after a pause."""
        give_back()
        # It has passed its test, so the cause is temporary.
        failure, before = Refused(admitted.id, fault.cause, fault.reason), self._failure
        if before is not None and failure.is_as(before):
            self._failure = failure.repeated_after(before)
            return
        self._failure = failure
        goes_on = f"; {self.model.id} serves on" if self.model else ""
        LOGGER.error("not loaded, and tried again: %s%s", fault.reason, goes_on)
