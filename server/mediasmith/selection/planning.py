"""From a checked request to what will be done: inputs found, choices ordered, the cost held against its limits."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time
from pathlib import Path

from mediasmith.config.allowed_folders import AllowedFolders
from mediasmith.config.installation import Installation
from mediasmith.engine.results import Attempt, Cost, MediaResult
from mediasmith.plugin.contract import JSON
from mediasmith.plugin.errors import InvalidRequest, OverBudget, UnknownContinuation
from mediasmith.plugin.files import Source
from mediasmith.plugin.kinds import MEDIA_TYPES, MediaType, Role
from mediasmith.plugin.params import IN_PIXELS, WORDS
from mediasmith.runtime.clock import Clock
from mediasmith.selection.candidate import Candidate, Origin, SelectionRequest
from mediasmith.selection.live_lists import LiveLists
from mediasmith.selection.pricing import estimate
from mediasmith.selection.ranking import SelectionContext, select
from mediasmith.selection.request import ToolRequest
from mediasmith.storage.downloader import Downloader
from mediasmith.storage.inputs.checks import check_mask
from mediasmith.storage.inputs.references import Inputs
from mediasmith.storage.library.records import Artifact
from mediasmith.storage.library.store import Library

_NOT_INHERITED = {"n", "seed"}
"""Words of a file that say nothing about an edit of it."""


@dataclass(frozen=True, kw_only=True)
class Selection:
    """What will be done: the choices in order, and the saved file that an edit can be made from."""

    wish: SelectionRequest
    candidates: tuple[Candidate, ...]

    @property
    def origin_file(self) -> Source | None:
        """The file that an edit continues, while it is still there."""
        return self.wish.origin.file if self.wish.origin else None

    def forecast(self, request: ToolRequest) -> MediaResult:
        """The answer of a dry run."""
        best = self.candidates[0]
        usd = _cost(best, request)
        others = [
            Attempt(backend=c.backend.name, model=c.model.id, outcome="would be next") for c in self.candidates[1:]
        ]
        return MediaResult(
            status="dry_run",
            kind=self.wish.kind,
            backend=best.backend.name,
            model=best.model.id,
            warnings=best.warnings,
            attempts=tuple(others),
            cost=Cost(usd=usd, basis="unknown" if usd is None else "estimated"),
            next="Nothing was sent. The same call without dry_run does it.",
        )


@dataclass(frozen=True, kw_only=True)
class Planner:
    """Decides on requests. `resting` says which backends just failed."""

    installation: Installation
    resting: Callable[[], frozenset[str]]
    roots: AllowedFolders
    clock: Clock
    library: Library
    live_lists: LiveLists
    downloader: Downloader

    async def decide(
        self, request: ToolRequest, *, principal: str, origin: Artifact | None, scratch: Path
    ) -> Selection:
        """The decision; inputs that had to be fetched lie in `scratch`.

        Raises:
            MediaError: the request cannot be done, and nothing was sent.
        """
        wish = await self._wish(request, principal, origin, scratch)
        today = datetime.fromtimestamp(self.clock.now(), UTC).date()
        candidates = select(
            wish,
            SelectionContext(
                backends=tuple(self.installation.registry.backends.values()),
                missing=self.installation.missing,
                today=today,
                defaults=self.installation.settings.defaults,
                order=self.installation.settings.order,
                resting=self.resting(),
            ),
        )
        return Selection(wish=wish, candidates=await self._affordable(request, await self._having(request, candidates)))

    async def _having(self, request: ToolRequest, candidates: tuple[Candidate, ...]) -> tuple[Candidate, ...]:
        """Of several backends those first whose lists hold what was asked for, such as a voice.

        Those that are known to lack it come last, after those that do not list just now.
        """
        several = len({candidate.backend.name for candidate in candidates}) > 1
        if not several or not any(
            candidate.capability.choices.keys() & request.words.keys() for candidate in candidates
        ):
            return candidates
        ranks: dict[tuple[str, str], int] = {}
        for candidate in candidates:
            if _listed_by(candidate) not in ranks:
                lacking = await self.live_lists.lacking(candidate, anew=True)
                ranks[_listed_by(candidate)] = 1 if lacking is None else 2 * bool(lacking)
        return tuple(sorted(candidates, key=lambda candidate: ranks[_listed_by(candidate)]))

    async def _wish(
        self, request: ToolRequest, principal: str, origin: Artifact | None, scratch: Path
    ) -> SelectionRequest:
        async def path(artifact_id: str) -> Path:
            artifact = await self.library.artifact(artifact_id, principal=principal, used=self.clock.now())
            if artifact is None:
                raise UnknownContinuation(f"There is no file media://{artifact_id[:40]}.", billed="no")
            return Path(artifact.path)

        inputs = Inputs(
            roots=self.roots.of(principal),
            settings=self.installation.settings,
            downloader=self.downloader,
            artifact=path,
        )
        found = await inputs.resolve(request.references, scratch)
        from_file = None
        if origin is not None:
            from_file = await self._origin(origin, inputs, scratch)
            masks = found.get("mask")
            if masks and from_file.file is not None and not found.get("image"):
                check_mask(masks[0], from_file.file)
        return SelectionRequest(
            kind=origin.kind if origin else request.kind or "image",
            prompts=request.prompts,
            backend=request.backend,
            model=request.model,
            words=request.words,
            inherited=_inherited(_own(origin), request.words) if origin else {},
            options=request.options,
            inputs=dict(found),
            draft=request.draft,
            origin=from_file,
        )

    async def _origin(self, origin: Artifact, inputs: Inputs, scratch: Path) -> Origin:
        """What an edit continues. A file that is gone can still be edited through native state."""
        native = origin.state is not None
        try:
            role = _ROLES[MEDIA_TYPES[origin.kind]]
            file = (await inputs.resolve({role: [f"media://{origin.id}"]}, scratch))[role][0]
        except InvalidRequest as error:
            if not native:
                raise InvalidRequest(
                    f"The file to continue from cannot be read: {error.message}", "Generate it anew.", billed="no"
                ) from error
            file = None
        return Origin(
            backend=origin.backend,
            capability=origin.capability,
            model=origin.model,
            native=native,
            state=origin.state,
            file=file,
            options={name: value for name, value in _own(origin).items() if name not in WORDS},
        )

    async def _affordable(self, request: ToolRequest, candidates: tuple[Candidate, ...]) -> tuple[Candidate, ...]:
        """The choices whose estimate keeps to every limit.

        Raises:
            OverBudget: none does.
        """
        limits = await self._limits(request)
        if not limits:
            return candidates
        limit, name = min(limits)
        costs = [(candidate, _cost(candidate, request)) for candidate in candidates]
        unpriced = self.installation.settings.unpriced == "allow"
        within = tuple(candidate for candidate, usd in costs if (unpriced if usd is None else usd <= limit))
        if within:
            return within
        candidate, usd = costs[0]
        made_by = f"{candidate.backend.name} {candidate.model.id}"
        if usd is None:
            raise OverBudget(
                f"No price is known for {made_by}, so it cannot be held to {name} of {limit:.4g} USD.",
                "Set MEDIASMITH_UNPRICED=allow to let such calls pass, or name a model with a price.",
                billed="no",
            )
        raise OverBudget(
            f"{made_by} is estimated at {usd:.4g} USD, above {name} of {limit:.4g} USD.",
            "Ask for less, for a draft, or raise the limit.",
            billed="no",
        )

    async def _limits(self, request: ToolRequest) -> list[tuple[float, str]]:
        limits: list[tuple[float, str]] = []
        if request.max_cost_usd is not None:
            limits.append((request.max_cost_usd, "max_cost_usd"))
        if self.installation.settings.max_cost_usd is not None:
            limits.append((self.installation.settings.max_cost_usd, "MEDIASMITH_MAX_COST_USD"))
        if self.installation.settings.daily_budget_usd is not None:
            today = datetime.fromtimestamp(self.clock.now(), UTC).date()
            spent = await self.library.spent(since=datetime.combine(today, time(), UTC).timestamp())
            limits.append(
                (max(0.0, self.installation.settings.daily_budget_usd - spent), "what is left of today's budget")
            )
        return limits


_ROLES: Mapping[MediaType, Role] = {"image": "image", "video": "video", "audio": "audio"}
"""The role in which a saved file is read, before a capability gives it its own."""


def _own(origin: Artifact) -> Mapping[str, JSON]:
    """What a file was made with."""
    return origin.params if isinstance(origin.params, Mapping) else {}


def _inherited(own: Mapping[str, JSON], given: Mapping[str, JSON]) -> dict[str, JSON]:
    words = {word: value for word, value in own.items() if word in WORDS and word not in {*_NOT_INHERITED, *given}}
    if IN_PIXELS.fullmatch(str(given.get("size"))):
        words.pop("aspect_ratio", None)
    if "aspect_ratio" in given and IN_PIXELS.fullmatch(str(words.get("size"))):
        del words["size"]
    return words


def _listed_by(candidate: Candidate) -> tuple[str, str]:
    """What has the same lists for all of its models."""
    return candidate.backend.name, candidate.capability.name


def _cost(candidate: Candidate, request: ToolRequest) -> float | None:
    costs = [estimate(candidate, prompt=prompt, count=request.n) for prompt in request.prompts]
    known = [usd for usd in costs if usd is not None]
    return sum(known) if len(known) == len(costs) else None
