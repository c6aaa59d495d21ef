"""Following LATEST: each worker by itself takes a new model live, or says why it does not."""

import asyncio
import math
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, asynccontextmanager, suppress
from http import HTTPStatus
from pathlib import Path
from time import monotonic

import msgspec
from stage_contract import LOGGER, Artifact, StageError, open_artifact, read_pointer
from stage_contract.verdicts import refusal
from stage_contract.volumes import read_refused

from serve.memory import give_back
from serve.models import Model
from serve.problems import RequestError
from serve.refusals import FIRST_PAUSE_SECONDS, Refused, cause_of, mark_of

type Load = Callable[[Artifact, Model | None], Model]
"""Loads and admits a model; the second one is the live one."""

type Found = tuple[Model, ExitStack]

_FIRST_LOOK_SECONDS = 5
"""A model that loads in this time is live before the first request is let in."""

_NOTHING_PUBLISHED = "no model was published yet; `make up` trains one"


class Follower:
    """Holds the live model; it changes between two requests, never within one."""

    def __init__(
        self,
        volume: Path,
        load: Load,
        *,
        poll_seconds: float,
        known: Callable[[], Iterable[str]] = tuple,
    ) -> None:
        """Follow LATEST of a volume; `known` names models that other workers have live."""
        self.model: Model | None = None
        self.refused: Refused | None = None
        self.swaps = 0
        """Models taken live since this process started, the first one included."""
        self.refusals: Counter[str] = Counter()
        """Models refused since this process started, by cause."""
        self._volume = volume
        self._load = load
        self._poll_seconds = poll_seconds
        self._known = known
        self._former_due = 0.0
        self._held = ExitStack()
        # One thread, since each keeps memory of the largest model that it has loaded.
        self._loader = ThreadPoolExecutor(1, "loader")

    def live(self) -> Model:
        """Return the live model.

        Raises:
            RequestError: there is none.
        """
        if self.model is not None:
            return self.model
        refused = self.refused
        reason = refused.reason if refused else _nothing_live(self._volume)
        in_short = f": model {refused.id} was refused, {refused.reason_in_short}" if refused else ""
        retry_after = b"%d" % math.ceil(self._poll_seconds)
        headers = [(b"retry-after", retry_after)]
        raise RequestError(
            HTTPStatus.SERVICE_UNAVAILABLE,
            f"no model is live: {reason}",
            headers=headers,
            public_detail=f"no model is live{in_short}",
        )

    @asynccontextmanager
    async def following(self) -> AsyncIterator[None]:
        """Follow LATEST in the background; a model that loads at once is live from the start."""
        looked = asyncio.Event()
        task = asyncio.create_task(self._follow(looked))
        with suppress(TimeoutError):
            await asyncio.wait_for(looked.wait(), _FIRST_LOOK_SECONDS)
        try:
            yield
        finally:
            task.cancel()
            self._loader.shutdown(wait=False)
            self._held.close()

    async def _follow(self, looked: asyncio.Event) -> None:
        while True:
            await self.look()
            looked.set()
            await asyncio.sleep(self._poll_seconds)

    async def look(self) -> None:
        """Take the model that LATEST names live if it is another one and admissible."""
        found = await self._in_loader(self._find)
        if found is None:
            return
        (model, held), before = found, self.model
        self.model, self.refused = model, None
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
        del before
        await self._in_loader(give_back)

    async def _in_loader[Result](self, function: Callable[[], Result]) -> Result:
        return await asyncio.get_running_loop().run_in_executor(self._loader, function)

    def _find(self) -> Found | None:
        """Return another model, loaded and admitted, and the hold on its artifact."""
        if self.model is None and monotonic() >= self._former_due:
            self._former_due = monotonic() + FIRST_PAUSE_SECONDS
            for name in self._known():
                if found := self._find_former(name):
                    return found
        return self._find_latest()

    def _find_former(self, name: str) -> Found | None:
        """Return a model that is live elsewhere, or was here: LATEST may name a refused one.

        It comes before LATEST, which is then compared with it here as everywhere.
        """
        try:
            return self._open(name)
        except Exception as error:  # noqa: BLE001  # LATEST is still to be looked at
            LOGGER.warning("model %s is not taken over: %s", name, error, extra={"model": name})
            return None

    def _find_latest(self) -> Found | None:
        pointer, mark = None, None
        try:
            pointer = read_pointer(self._volume)
            if pointer is None or (self.model is not None and self.model.id == pointer):
                self.refused = None
                return None
            mark = mark_of(self._volume / pointer)
            if self.refused is not None and self.refused.stands_for(pointer, mark):
                return None
            return self._open(pointer)
        except (StageError, OSError) as error:
            cause, reason = cause_of(error), str(error)
        except Exception as error:  # noqa: BLE001  # a new model must never end the live one
            LOGGER.exception("model %s could not be loaded", pointer)
            cause, reason = "bug", f"it could not be loaded: {error!r}"
        self._refuse(Refused(pointer, cause, reason, mark))
        return None

    def _open(self, name: str) -> Found:
        with ExitStack() as held:
            artifact = open_artifact(self._volume / name, "model")
            held.enter_context(artifact.hold())
            return self._load(artifact, self.model), held.pop_all()

    def _refuse(self, refused: Refused) -> None:
        """Keep the reason; the log has it once."""
        give_back()
        before, self.refused = self.refused, refused
        if before is not None and refused.is_as(before):
            self.refused = refused.once_more(before)
            return
        self.refusals[refused.cause] += 1
        goes_on = f"; {self.model.id} serves on" if self.model else ""
        facts = {"model": refused.id, "cause": refused.cause}
        LOGGER.error("refused: %s%s", refused.reason, goes_on, extra=facts)


def _nothing_live(volume: Path) -> str:
    """Return why LATEST names nothing, and what to do."""
    name = read_refused(volume)
    if name is None:
        return _NOTHING_PUBLISHED
    return (
        f"the gate of train refused model {name} ({refusal(volume / name)}); mend the cause,"
        f" or accept it all the same: make accept ID={name}"
    )
