"""From a checked request to what will be done: inputs found, candidates ordered, the cost checked against limits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import anyio

from mediasmith.config.allowed_folders import AllowedFolders
from mediasmith.config.installation import Installation
from mediasmith.plugin.contract import JSON, Backend
from mediasmith.plugin.errors import InvalidRequest
from mediasmith.plugin.files import Source
from mediasmith.plugin.kinds import MEDIA_TYPES, Kind, MediaType, Role
from mediasmith.plugin.params import IN_PIXELS, WORDS
from mediasmith.runtime.clock import Clock, today
from mediasmith.selection.arguments import check_listed
from mediasmith.selection.budget import Budget
from mediasmith.selection.candidate import Candidate
from mediasmith.selection.cooldown import Cooldown
from mediasmith.selection.live_lists import LiveLists, listed_words
from mediasmith.selection.lookups import Lookups
from mediasmith.selection.preference_warnings import preference_notes
from mediasmith.selection.ranking import SelectionContext, is_called, select
from mediasmith.selection.selection_request import Origin, SelectionRequest
from mediasmith.selection.tool_request import ToolRequest
from mediasmith.selection.unlisted_models import Wanted, kind_listed, unlisted, usual_kind
from mediasmith.storage.artifacts.artifact_store import Artifacts
from mediasmith.storage.artifacts.file_names import extension_of, media_type_of
from mediasmith.storage.downloader import Downloader
from mediasmith.storage.inputs.checks import check_mask
from mediasmith.storage.inputs.references import Inputs
from mediasmith.storage.library.records import Allowance, Artifact
from mediasmith.storage.library.store import Library
from mediasmith.storage.made_files import MadeFiles
from mediasmith.storage.pasted_paths import unwrap

_NOT_INHERITED = {"n", "seed"}
"""Words of a file that say nothing about an edit of it."""


@dataclass(frozen=True, kw_only=True)
class Selection:
    """What will be done: the candidates in order, and the request that they were chosen for.

    `allowance` is the day's budget, which is checked again when the job is recorded.
    """

    request: SelectionRequest
    candidates: tuple[Candidate, ...]
    allowance: Allowance | None = None

    @property
    def origin_file(self) -> Source | None:
        """The saved file that an edit continues, while it is still there."""
        return self.request.origin.file if self.request.origin else None


@dataclass(frozen=True, kw_only=True)
class Planner:
    """Decides what is done about requests."""

    installation: Installation
    cooldown: Cooldown
    folders: AllowedFolders
    clock: Clock
    library: Library
    files: Artifacts
    live_lists: LiveLists
    lookups: Lookups
    downloader: Downloader
    budget: Budget

    async def plan(self, request: ToolRequest, *, principal: str, origin: Artifact | None, scratch: Path) -> Selection:
        """Return the candidates for a request; inputs that have to be downloaded are kept in `scratch`.

        Raises:
            MediaError: the request cannot be done, and nothing was sent.
        """
        if request.kind is None and origin is None:
            request = await self._with_kind(request)
        wanted = await self._selection_request(request, principal, origin, scratch)
        context = await self._looked_up(wanted, await self._context(wanted.backend, wanted.kind))
        candidates = await self._listed_first(request, select(wanted, context))
        first, *others = await self.budget.affordable(request, candidates)
        first = first.with_warnings(*preference_notes(wanted, context, candidates[0]))
        noted = tuple(replace(one, warnings=(*request.warnings, *one.warnings)) for one in (first, *others))
        return Selection(request=wanted, candidates=noted, allowance=self.budget.day())

    async def _context(self, named: str, kind: Kind | None = None) -> SelectionContext:
        """Return what there is to choose from: backends that may be chosen, with the models that they serve now."""
        backends = dict(self.installation.registry.backends)

        async def update(backend: Backend[Any]) -> None:
            ready = self.installation.ready(backend, kind)
            backends[backend.name] = await self.live_lists.with_live_models(backend, ready)

        async with anyio.create_task_group() as task_group:
            for backend in list(backends.values()):
                if not named or is_called(backend, named):
                    task_group.start_soon(update, backend)
        settings = self.installation.settings
        return SelectionContext(
            backends=tuple(backends.values()),
            missing=self.installation.missing,
            today=today(self.clock),
            defaults=settings.defaults,
            order=settings.order,
            problems=self.installation.problems,
            resting=await self.cooldown.resting(),
        )

    async def _looked_up(self, request: SelectionRequest, context: SelectionContext) -> SelectionContext:
        """Return the context with those of the models that are wanted and not listed which there are.

        Raises:
            MediaError: a backend could not be asked about the model that the caller, or the edited file, names.
        """
        found = await self.lookups.find(list(unlisted(request, context)))
        needed = {request.model, request.origin.model if request.origin else ""}
        for wanted, error in found.errors:
            if wanted.id in needed and not any(other.id == wanted.id for other, _ in found.models):
                raise error
        return replace(
            context,
            backends=tuple(map(found.added_to, context.backends)),
            unasked={wanted.backend.name: str(error.message).rstrip(".") for wanted, error in found.errors},
        )

    async def _with_kind(self, request: ToolRequest) -> ToolRequest:
        """Return the request with the kind that the model it names makes; image where no backend knows it.

        Raises:
            MediaError: no backend has the model, and one could not be asked about it.
        """
        kind = await self._kind_made_by(request.backend, request.model) or "image"
        words = check_listed(request.words, kind, self.installation.tools["generate_media"])
        note = f"kind was not given; {kind} was chosen, as the model {request.model[:60]} makes that."
        warnings = request.warnings if kind == "image" else (*request.warnings, note)
        return replace(request, kind=kind, words=words, warnings=warnings)

    async def _kind_made_by(self, backend: str, model: str) -> Kind | None:
        """Return what a model makes, by the declared lists, else the live ones, else by looking it up."""
        if kind := kind_listed(model, self.installation.registry.backends.values(), backend):
            return kind
        context = await self._context(backend)
        if kind := kind_listed(model, context.backends, backend):
            return kind
        asked = [
            Wanted(backend=one, capability=capability, id=model)
            for one in context.backends
            for capability in one.capabilities
            if (not backend or is_called(one, backend)) and context.offers(one, capability)
        ]
        found = await self.lookups.find(asked)
        if found.errors and not found.models:
            raise found.errors[0][1]
        return usual_kind(wanted.capability.kind for wanted, _ in found.models)

    async def _listed_first(self, request: ToolRequest, candidates: tuple[Candidate, ...]) -> tuple[Candidate, ...]:
        """Put those first whose lists hold what was asked for, such as a voice, where there are several backends.

        Those that are known to lack it come last, after those whose list cannot be had just now.
        """
        several = len({candidate.backend.name for candidate in candidates}) > 1
        if not several or not any(one.capability.choices.keys() & request.words.keys() for one in candidates):
            return candidates
        ranks: dict[tuple[object, ...], int] = {}
        for candidate in candidates:
            if _listed_by(candidate) not in ranks:
                missing = await self.live_lists.missing_value(candidate, refetch=True)
                ranks[_listed_by(candidate)] = 1 if missing is None else 2 * bool(missing)
        return tuple(sorted(candidates, key=lambda candidate: ranks[_listed_by(candidate)]))

    async def _selection_request(
        self, request: ToolRequest, principal: str, origin: Artifact | None, scratch: Path
    ) -> SelectionRequest:
        folders = self.folders.for_principal(principal)
        made = MadeFiles(library=self.library, folders=folders)

        async def path(reference: str) -> Path | None:
            found = await made.find(reference, principal)
            if found is None:
                return None
            await self.library.artifact(found.id, principal=principal, used=self.clock.now())
            try:
                return await self.files.local(found, scratch)
            except OSError as error:
                raise InvalidRequest(f"The file of media://{found.id} does not exist.") from error

        inputs = Inputs(
            roots=folders,
            settings=self.installation.settings,
            downloader=self.downloader,
            made=path,
        )
        found = await inputs.resolve(request.references, scratch)
        continued = None
        if origin is not None:
            continued = await self._origin(origin, inputs, scratch)
            masks = found.get("mask")
            if masks and continued.file is not None and not found.get("image"):
                check_mask(masks[0], continued.file)
        kind = origin.kind if origin else request.kind or "image"
        return SelectionRequest(
            kind=kind,
            prompts=request.prompts,
            backend=request.backend,
            model=request.model,
            words=request.words,
            inherited=_inherited(_params_of(origin), request.words) if origin else {},
            preferred=_format_of_output(request, kind),
            options=request.options,
            inputs=dict(found),
            draft=request.draft,
            origin=continued,
        )

    async def _origin(self, origin: Artifact, inputs: Inputs, scratch: Path) -> Origin:
        """Return what an edit continues. A file that is gone can still be edited through the backend's own state."""
        try:
            role = _ROLES[MEDIA_TYPES[origin.kind]]
            file = (await inputs.resolve({role: [f"media://{origin.id}"]}, scratch))[role][0]
        except InvalidRequest as error:
            if origin.state is None:
                raise InvalidRequest(
                    f"The file to continue from cannot be read: {error.message}", "Generate it again.", billed="no"
                ) from error
            file = None
        return Origin(
            backend=origin.backend,
            capability=origin.capability,
            model=origin.model,
            state=origin.state,
            file=file,
            options={name: value for name, value in _params_of(origin).items() if name not in WORDS},
        )


_ROLES: Mapping[MediaType, Role] = {"image": "image", "video": "video", "audio": "audio"}
"""The role in which a saved file is read, before a capability gives it its own."""


def _params_of(origin: Artifact) -> Mapping[str, JSON]:
    """Return the words and options that a file was made with."""
    return origin.params if isinstance(origin.params, Mapping) else {}


def _format_of_output(request: ToolRequest, kind: Kind) -> dict[str, JSON]:
    """Return the format that the extension of `output` asks for, where that is one of this kind."""
    extension = extension_of(unwrap(request.output))
    fits = media_type_of(extension) == MEDIA_TYPES[kind]
    return {"output_format": extension} if fits and "output_format" not in request.words else {}


def _inherited(params: Mapping[str, JSON], given: Mapping[str, JSON]) -> dict[str, JSON]:
    words = {word: value for word, value in params.items() if word in WORDS and word not in {*_NOT_INHERITED, *given}}
    if IN_PIXELS.fullmatch(str(given.get("size"))):
        words.pop("aspect_ratio", None)
    if "aspect_ratio" in given and IN_PIXELS.fullmatch(str(words.get("size"))):
        del words["size"]
    return words


def _listed_by(candidate: Candidate) -> tuple[object, ...]:
    """Return what candidates with the same lists have in common."""
    return candidate.backend.name, candidate.capability.name, listed_words(candidate)
