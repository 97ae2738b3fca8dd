"""What a process that is gone left behind: a job opened again, mended, and collected where there is a handle."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import anyio

from mediasmith.artifacts import Destination
from mediasmith.contract import Model
from mediasmith.errors import (
    Billed,
    Cancelled,
    MediaError,
    MissingKey,
    NotAllowed,
    ProviderError,
    Unreachable,
    restored,
)
from mediasmith.library import Artifact, Job, Library, Part, Phase
from mediasmith.live import Errand, Live
from mediasmith.parts import Parts
from mediasmith.registry import Registry
from mediasmith.roots import Roots
from mediasmith.selector import Choice

_STUCK = {Unreachable, NotAllowed, MissingKey}
"""What the collecting of a part may have stopped at, so that it does not go on by itself."""


@dataclass(frozen=True, kw_only=True)
class Recovery:
    """Goes on with jobs from their records."""

    library: Library
    parts: Parts
    registry: Registry
    roots: Roots

    async def reopen(self, job: Job) -> Live:
        """The job as it was left.

        Raises:
            MediaError: its folder cannot be opened any more.
        """
        destination = await Destination.open(self.roots, f"{job.folder}/")
        destination.stem = job.stem
        artifacts = await self.library.artifacts(job.id)
        parts = await self.library.parts(job.id)
        return Live(
            job=job,
            errand=Errand.of(job),
            destination=destination,
            parts={part.number: part for part in parts},
            artifacts=[artifact for artifact in artifacts if not artifact.token],
            errors={part.item: restored(part.error) for part in parts if part.error},
        )

    async def mend(self, live: Live) -> None:
        """Record what is certain of each unfinished part. Nothing is sent, and nothing is asked of a provider."""
        unsettled: dict[int, list[Artifact]] = {}
        for artifact in await self.library.artifacts(live.job.id):
            if artifact.token:
                unsettled.setdefault(artifact.part, []).append(artifact)
        for part in list(live.parts.values()):
            await self._mend_part(live, part, unsettled.get(part.number, []))

    async def _mend_part(self, live: Live, part: Part, unsettled: Sequence[Artifact]) -> None:
        if part.phase == "queued":
            await self._stopped(live, part, "failed", "before anything was sent", "no")
        elif part.phase == "sending":
            await self._stopped(live, part, "unknown", "while its answer was due", "unknown")
        elif part.phase == "saving" and not await self.parts.name_files(live, part, unsettled):
            phase: Phase = "accepted" if part.handle is not None else "unknown"
            await self._stopped(live, part, phase, "while its files were being saved", "yes")

    async def _stopped(self, live: Live, part: Part, phase: Phase, when: str, billed: Billed) -> None:
        error = MediaError(f"The server stopped {when}.", billed=billed)
        live.errors[part.item] = error
        await self.parts.end(live, part.number, phase, error)

    async def collect(self, live: Live) -> None:
        """Mend, and collect every part that has a handle."""
        await self.mend(live)
        async with anyio.create_task_group() as tasks:
            for part in live.parts.values():
                if part.phase == "accepted":
                    tasks.start_soon(self._collect, live, part)

    async def cancel(self, live: Live) -> None:
        """Mend, and stop every part at its provider. What cannot be stopped is collected, unless it is stuck."""
        await self.mend(live)
        async with anyio.create_task_group() as tasks:
            for part in live.parts.values():
                if part.phase == "accepted":
                    tasks.start_soon(self._collect if self.unstoppable(part) else self._cancel, live, part)

    async def stop_all(self, live: Live) -> set[int]:
        """Tell the providers of all parts to stop, where they can be told; the numbers of those that were."""
        stopped: set[int] = set()

        async def stop(part: Part) -> None:
            if await self.stop(live, part):
                stopped.add(part.number)

        async with anyio.create_task_group() as tasks:
            for part in live.parts.values():
                tasks.start_soon(stop, part)
        return stopped

    async def stop(self, live: Live, part: Part) -> bool:
        """Tell a part's provider to stop, where it can be told; whether it was."""
        choice = self.choice(part)
        return choice is not None and await self.parts.stop(live, part, choice)

    def unstoppable(self, part: Part) -> Choice | None:
        """The choice that a part was made with, if its provider has begun it, has no way to stop, and gets on."""
        begun = part.handle is not None and part.phase in {"accepted", "saving"}
        choice = self.choice(part) if begun and type(restored(part.error)) not in _STUCK else None
        return choice if choice and choice.capability.cancel is None else None

    async def _cancel(self, live: Live, part: Part) -> None:
        await self.stop(live, part)
        error = live.errors[part.item] = Cancelled(billed="yes")
        await self.parts.end(live, part.number, "cancelled", error)

    async def _collect(self, live: Live, part: Part) -> None:
        choice = self.choice(part)
        if choice is None:
            live.errors[part.item] = ProviderError(
                f"The backend {part.backend} that made it is not installed.", "Install it again to collect the job."
            )
            return
        try:
            await self.parts.resume(live, part, choice)
        except MediaError as error:
            live.errors[part.item] = error
            if not live.cancelled:
                live.attempt(choice, f"{type(error).__name__}: {error.message}")
        else:
            live.errors.pop(part.item, None)
            live.attempt(choice, "done")

    def choice(self, part: Part) -> Choice | None:
        """The choice that a part was made with, without its inputs; None when its backend is no longer installed."""
        backend = self.registry.find(part.backend)
        found = [c for c in backend.capabilities if c.name == part.capability] if backend else []
        if backend is None or not found:
            return None
        model = next((model for model in found[0].models if model.id == part.model), Model(id=part.model))
        values = part.params if isinstance(part.params, dict) else {}
        return Choice(backend=backend, capability=found[0], model=model, values=values)
