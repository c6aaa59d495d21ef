"""The test of a model: it is loaded and answers its examples, in a process of its own.

No request waits for it: the process has limits of memory and time, and is killed if it exceeds one.
"""

import os
import resource
import select
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec
from stage_contract import Artifact, StageError, open_artifact

from serve.model.admission import Bounds, Footprint
from serve.model.decisions import Admitted
from serve.model.models import Described, Model
from serve.model.refusals import Fault, RefusedError, fault_of
from serve.runtime.memory import bound_memory, is_out_of_memory, peak_anonymous_bytes
from serve.runtime.prctl import end_with_parent
from serve.runtime.resources import memory_left
from serve.schema.model_json import Description, read_description

type Verdict = Admitted | Fault
type LoadModel = Callable[[Artifact, Described | None], Model]

_TIMES_OF_MODEL: Final = 3
"""Memory while a model is loaded, relative to its limit: the file, the parsed file, the graph, and
a copy in optimised order. Trees take 17 times their file, and keep 10."""
_MORE_BYTES: Final = 64_000_000
"""Memory for the documents beside the graph, and the rows of its examples."""
_BYTES_OF_A_THREAD: Final = 8 * 1024 * 1024
_MB: Final = 1_000_000
_TICK_SECONDS: Final = 0.1
_MAX_VERDICT_BYTES: Final = 100_000

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(tuple[Admitted | None, Fault | None]).decode


@dataclass(frozen=True)
class Before:
    """The live model, as far as new ones are compared with it."""

    id: str
    description: Description


@dataclass(frozen=True)
class Trials:
    """Tests the models of a volume."""

    volume: Path
    load: LoadModel
    bounds: Bounds
    workers: int = 1
    """Number of workers that will load the model."""

    def try_here(self, name: str, live: str | None) -> Verdict:
        """Test a model in this process."""
        try:
            return self._try(name, live)
        except Exception as error:  # noqa: BLE001  # all are told of
            if is_out_of_memory(error):
                return self._too_large()
            return fault_of(error, what=f"model {name}")

    def try_apart(
        self, name: str, live: str | None, *, seconds: float, is_due: Callable[[], bool]
    ) -> Verdict | None:
        """Test a model in a process of its own; None if the test was no longer due before its end.

        Raises:
            OSError: No process could be started.
        """
        parent = os.getpid()
        reading, writing = os.pipe2(os.O_CLOEXEC)
        try:
            process = os.fork()
        except OSError:
            os.close(reading)
            os.close(writing)
            raise
        if not process:
            self._be_trial(name, live, writing, parent=parent)
        os.close(writing)
        note: bytes | None = None
        verdict: Fault | None = None
        try:
            note = _read_until(reading, seconds=seconds, is_due=is_due)
        except TimeoutError:
            verdict = _too_slow(seconds) if is_due() else None
        finally:
            os.close(reading)
            if note is None:
                os.kill(process, signal.SIGKILL)
            _process, status = os.waitpid(process, 0)
        return verdict if note is None else self._with_room(_verdict_of(note, status))

    def _be_trial(self, name: str, live: str | None, writing: int, *, parent: int) -> None:
        """Run the test, and exit without returning to the parent's code."""
        exit_code = os.EX_SOFTWARE
        try:
            end_with_parent()
            if os.getppid() != parent:
                return  # The parent ended earlier, so nobody would end this process.
            _offer_to_be_killed()
            resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
            bound_memory(self._room() + self.bounds.threads * _BYTES_OF_A_THREAD)
            verdict = self.try_here(name, live)
            is_fault = isinstance(verdict, Fault)
            note = _encode((None, verdict) if is_fault else (verdict, None))
            while note:
                note = note[os.write(writing, note) :]
            exit_code = 0
        finally:
            os._exit(exit_code)

    def _try(self, name: str, live: str | None) -> Admitted:
        artifact = open_artifact(self.volume / name, "model")
        with artifact.hold():
            before = self._before(live)
            footprint, began = Footprint(), time.monotonic()
            model = self.load(artifact, before)
            kept = footprint.kept()
            return Admitted(
                id=name,
                content=artifact.content,
                sorted_by=model.graph.sorted_by,
                kept_bytes=kept,
                peak_bytes=max(kept, peak_anonymous_bytes() - footprint.before),
                seconds=time.monotonic() - began,
            )

    def _before(self, live: str | None) -> Before | None:
        """Return the live model to compare with.

        Raises:
            RefusedError: It can't be read, and the settings require a comparison.
        """
        if live is None:
            return None
        try:
            document = open_artifact(self.volume / live, "model").file("model.json").read_bytes()
            return Before(live, read_description(document))
        except (StageError, OSError) as error:
            if self.bounds.signature == "any" or not (self.volume / live).exists():
                return None
            raise RefusedError(
                "signature", f"the live model {live} can't be read to compare with it: {error}"
            ) from None

    def _room(self) -> float:
        """Return the memory limit of a test."""
        most = _TIMES_OF_MODEL * self.bounds.max_model_mb * _MB + _MORE_BYTES
        return min(most, memory_left())

    def _too_large(self) -> Fault:
        return Fault(
            "memory",
            f"model.onnx: takes more than {self._room() / _MB:,.0f} MB while it is loaded and"
            f" answers its examples, with max_model_mb = {self.bounds.max_model_mb:g} and what the"
            " container has left; train a smaller model, or raise max_model_mb in [serve] and"
            " SERVE_MEMORY",
        )

    def _with_room(self, verdict: Verdict) -> Verdict:
        """Refuse a model that does not fit into the memory of all workers together."""
        if isinstance(verdict, Fault):
            return verdict
        # They load it one after another, while each still holds the previous one.
        while_loading = verdict.peak_bytes - verdict.kept_bytes
        need, left = self.workers * verdict.kept_bytes + while_loading, memory_left()
        if need <= left:
            return verdict
        return Fault(
            "memory",
            f"model.onnx: {self.workers} workers take {need / _MB:,.0f} MB to load it, and"
            f" {left / _MB:,.0f} MB are left; train a smaller model, raise SERVE_MEMORY, or set"
            " fewer workers in [serve]",
        )


def _read_until(reading: int, *, seconds: float, is_due: Callable[[], bool]) -> bytes | None:
    """Return everything until the other end is closed; None as soon as it is no longer due.

    Raises:
        TimeoutError: The time has passed.
    """
    end = time.monotonic() + seconds
    poll, note = select.poll(), b""
    poll.register(reading, select.POLLIN)
    while (left := end - time.monotonic()) > 0:
        if poll.poll(min(left, _TICK_SECONDS) * 1000):
            chunk = os.read(reading, _MAX_VERDICT_BYTES)
            note += chunk
            if not chunk or len(note) > _MAX_VERDICT_BYTES:
                return note
        elif not is_due():
            return None
    raise TimeoutError


def _verdict_of(note: bytes, status: int) -> Verdict:
    """Return the result of a test; a killed process may have written nothing."""
    try:
        admitted, fault = _decode(note)
    except msgspec.DecodeError:
        admitted = fault = None
    if verdict := admitted or fault:
        return verdict
    ended = os.waitstatus_to_exitcode(status)
    how = f"by {signal.Signals(-ended).name}" if ended < 0 else f"with exit code {ended}"
    return Fault(
        "crash",
        f"the process that tried it was ended {how}; if the container has no memory left, raise"
        " SERVE_MEMORY, else train the model again",
    )


def _too_slow(seconds: float) -> Fault:
    return Fault(
        "timeout",
        f"it was not loaded, or had not answered its examples, after {seconds:g} s; train a smaller"
        " model, or raise max_admission_seconds in [serve]",
    )


def _offer_to_be_killed() -> None:
    """Make the kernel kill this process first if memory runs out."""
    try:
        Path("/proc/self/oom_score_adj").write_text("1000", encoding="ascii")
    except OSError:
        return  # Its memory limit holds in any case.
