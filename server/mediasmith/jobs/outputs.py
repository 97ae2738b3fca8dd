"""Save what a provider made: under temporary names, checked by its content, and described as artifacts."""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import BaseModel

from mediasmith.config.settings import Settings
from mediasmith.plugin.contract import JSON, Output, Remote, Result
from mediasmith.plugin.errors import MediaError, ProviderError, TimedOut, Unreachable
from mediasmith.plugin.kinds import MEDIA_TYPES
from mediasmith.plugin.media import EXTENSIONS, extension, media_type
from mediasmith.runtime.clock import Clock
from mediasmith.runtime.timeouts import Expired, with_timeout
from mediasmith.selection.candidate import Candidate
from mediasmith.selection.near_matches import is_same_format
from mediasmith.storage.artifacts.file_names import artifact_id, filename, media_type_of
from mediasmith.storage.artifacts.sink import Facts, FileSink
from mediasmith.storage.downloader import Downloader
from mediasmith.storage.library.records import Artifact, Task
from mediasmith.storage.unreadable import UnreadableAnswers

if TYPE_CHECKING:
    from mediasmith.jobs.active_job import ActiveJob

_log = logging.getLogger(__name__)

_MAX_STATE = 65_536
"""Bytes of JSON that a backend may keep with a file."""

_SLOWEST_RETRY = 60.0
"""Failed downloads back off to this many seconds."""

_REFUSED_SECONDS = 60.0
"""How long a file that its server refuses is asked for again: some storage lags behind the answer."""


def to_json(model: object) -> JSON:
    """Return a pydantic model as JSON, or None for anything else and for what JSON cannot hold."""
    if not isinstance(model, BaseModel):
        return None
    try:
        value: JSON = model.model_dump(mode="json")
        json.dumps(value, allow_nan=False)
    except (TypeError, ValueError, RecursionError):
        return None
    return value


def token(task: Task, number: int) -> str:
    """Return the name of a task's temporary file; it starts with the job's id, by which leftovers are found."""
    return f"{task.job_id}-{task.number}-{number}"


@dataclass(frozen=True, kw_only=True)
class _Stored:
    """An output on disk under its temporary name."""

    output: Output
    token: str
    facts: Facts


@dataclass(frozen=True, kw_only=True)
class Outputs:
    """Saves outputs."""

    clock: Clock
    downloader: Downloader
    settings: Settings
    unreadable: UnreadableAnswers

    async def store(
        self, active: ActiveJob, task: Task, candidate: Candidate, result: Result
    ) -> tuple[list[Artifact], MediaError | None]:
        """Return every output of a result in a temporary file, as artifacts that are not yet committed.

        An unusable one is left out, if there are others: with a warning, or where less is there than was asked for,
        with the error that is returned. What cannot be collected again is kept as it came, and both say where.

        Raises:
            ProviderError: an output is not of the kind that was asked for, or is too large.
            MediaError: the disk is full, or the download did not work until the deadline.
        """
        artifacts: list[Artifact] = []
        failures: list[tuple[int, Output, MediaError]] = []
        for number, output in enumerate(result.outputs):
            try:
                stored = await self._save(active, token(task, number), candidate, output)
            except MediaError as error:
                if task.handle is not None and not isinstance(error, ProviderError):
                    await active.destination.temporary.discard(_token_of(task, number, output))
                    raise  # all of it can be collected again
                failures.append((number, output, error))
            else:
                artifacts.append(self._artifact(active, task, number, candidate, stored))
        for number, output, error in failures:
            if task.handle is None or artifacts:
                await self._keep(active, task, number, output, error)
            await active.destination.temporary.discard(_token_of(task, number, output))
        if not artifacts:
            raise _with_billed(failures[0][2], result)
        left_out = [error for _, _, error in failures]
        for error in left_out:
            error.billed = "yes"  # with the others
        lacking = left_out.pop(0) if left_out and len(artifacts) < task.count else None
        for error in left_out:
            active.warn(f"A file was left out: {error}")
        return artifacts, lacking

    async def _keep(self, active: ActiveJob, task: Task, number: int, output: Output, error: MediaError) -> None:
        """Keep an output as it came, or its link, and add to the error where it is."""
        name, body = token(task, number), output.body
        if isinstance(body, Remote):
            if path := await self.unreadable.keep(name, body.url.encode()):
                error.hint = f"Its link is kept in {path}: open it soon, since links expire. {error.hint}".strip()
            return
        if isinstance(body, bytes):
            path = await self.unreadable.keep(name, body)
        else:
            open_file = partial(active.destination.temporary.open_file, _token_of(task, number, output))
            path = await self.unreadable.keep_file(name, open_file)
        if path:
            error.hint = f"{kept_in(path)} {error.hint}".strip()

    async def _save(self, active: ActiveJob, name: str, candidate: Candidate, output: Output) -> _Stored:
        body = output.body
        if isinstance(body, Remote):
            return await self._download(active, name, candidate, output, body)
        if isinstance(body, bytes):
            facts = await active.destination.temporary.save(name, body, max_bytes=self.settings.max_output_bytes)
        elif isinstance(body, FileSink):
            name, facts = body.token, await body.finish()
        else:
            raise ProviderError(f"The backend {candidate.backend.name} answered with a sink that is not the server's.")
        _check_content(active, candidate, facts)
        return _Stored(output=output, token=name, facts=facts)

    async def _download(
        self, active: ActiveJob, name: str, candidate: Candidate, output: Output, remote: Remote
    ) -> _Stored:
        """Download a finished file. It costs nothing, so failures back off until the deadline."""
        started = self.clock.now()
        ends = started + (self.settings.deadline_seconds or candidate.capability.deadline)
        pause = 1.0
        limit = self.settings.max_output_bytes
        while True:
            sink = active.destination.temporary.sink(name, max_bytes=limit)
            fetch = partial(self.downloader.fetch, remote.url, sink.write, max_bytes=limit, headers=remote.headers)
            try:
                # A server that sends a byte now and then never times out by itself.
                await with_timeout(self.clock, ends - self.clock.now(), fetch)
                facts = await sink.finish()
                _check_content(active, candidate, facts)
            except Expired as error:
                raise TimedOut(f"The file of {candidate.backend.title} did not come in time.", billed="yes") from error
            except (Unreachable, TimedOut, ProviderError) as error:
                await active.destination.temporary.discard(name)
                refused = isinstance(error, ProviderError)
                if self.clock.now() + pause > (min(ends, started + _REFUSED_SECONDS) if refused else ends):
                    # Where there is a handle, another poll may name another place.
                    raise _not_downloaded(candidate, error) from error
                active.report_trouble(error)
                await self.clock.sleep(pause)
                pause = min(pause * 2, _SLOWEST_RETRY)
            else:
                return _Stored(output=output, token=name, facts=facts)

    def _artifact(
        self, active: ActiveJob, task: Task, position: int, candidate: Candidate, stored: _Stored
    ) -> Artifact:
        now = self.clock.now()
        facts = stored.facts
        name = _file_name(active, task, position, facts.mime)
        _check_extension(active, candidate, facts.mime)
        return Artifact(
            id=artifact_id(task.job_id, task.number, position),
            job_id=task.job_id,
            task=task.number,
            position=position,
            path=str(active.destination.folder / name),
            token=stored.token,
            mime=facts.mime,
            bytes=facts.bytes,
            sha256=facts.sha256,
            width=facts.width,
            height=facts.height,
            duration_seconds=facts.duration_seconds,
            kind=active.job.kind,
            backend=task.backend,
            capability=task.capability,
            model=task.model,
            params=task.params,
            prompts=(*active.spec.history, task.prompt),
            parent=active.spec.parent,
            state=_state(active, candidate, stored.output),
            principal=active.job.principal,
            created=now,
            used=now,
        )


_FORMATS = {name for mime, ending in EXTENSIONS.items() for name in (ending, mime.rpartition("/")[2])}
"""Formats that a file shows; what it contains, such as the encoding of its samples, is taken on trust."""


_EXPECTED = {"image": "an image", "video": "a video", "audio": "audio"}


def _token_of(task: Task, number: int, output: Output) -> str:
    """Return the name of an output's temporary file."""
    return output.body.token if isinstance(output.body, FileSink) else token(task, number)


def kept_in(path: Path) -> str:
    """Return a sentence that says where an answer that cannot be used is kept."""
    return f"What the provider sent is kept in {path}: look at it before calling again."


def _with_billed(error: MediaError, result: Result) -> MediaError:
    """Return the error for a result without a usable file; a page or junk may not be the provider's."""
    remote = any(isinstance(output.body, Remote) for output in result.outputs)
    if isinstance(error, ProviderError) and error.billed is None and not result.cost_usd and not remote:
        error.billed = "unknown"
    return error


def _not_downloaded(candidate: Candidate, error: MediaError) -> MediaError:
    """Return the error for a file that was refused, or whose server could not be reached."""
    kind = ProviderError if isinstance(error, ProviderError) else Unreachable
    title = candidate.backend.title
    return kind(f"{title} has made the file, but it could not be downloaded: {error.message}", error.hint)


def _check_content(active: ActiveJob, candidate: Candidate, facts: Facts) -> None:
    """Look at the bytes, not at the claim: an error page is not a picture."""
    mime = facts.mime
    kind = candidate.capability.kind
    # A dub has the media type of what was dubbed.
    expected = {MEDIA_TYPES[kind]} | ({"video"} if kind == "dubbing" else set[str]())
    if media_type(mime) not in expected:
        found = mime or "an unknown type of file"
        wanted = _EXPECTED[MEDIA_TYPES[kind]]
        raise ProviderError(
            f"{candidate.backend.title} answered with {found}, but {wanted} was expected.",
            billed="yes" if mime else None,  # what has a known type was made
        )
    if facts.ends_early:
        active.warn(
            f"A picture of {candidate.backend.title} ends early: parts of it are missing. It is saved as it came."
        )
    asked = candidate.values.get("output_format")
    if asked in _FORMATS and asked not in {extension(mime), mime.rpartition("/")[2]}:
        active.warn(f"{candidate.backend.title} answered with {mime}, not the {asked} asked for.")


def _file_name(active: ActiveJob, task: Task, position: int, mime: str) -> str:
    """Return the name of a file, which is the same however often it is collected."""
    stem = active.destination.stem
    if not stem:
        made = datetime.fromtimestamp(active.job.created, UTC)
        return filename(task.prompt, made=made, id=artifact_id(task.job_id, task.number, position), mime=mime)
    spec = active.spec
    number = f"-{task.item * spec.count + task.first + position + 1}" if spec.files > 1 else ""
    return f"{stem}{number}.{spec.extension if _fits(spec.extension, mime) else extension(mime)}"


def _fits(ending: str, mime: str) -> bool:
    """Return whether files of this type may have this extension: jpeg is as good as jpg."""
    alike = is_same_format(ending, mime) or is_same_format(ending, extension(mime))
    return alike and media_type_of(ending) == media_type(mime)


def _check_extension(active: ActiveJob, candidate: Candidate, mime: str) -> None:
    ending = active.spec.extension
    if ending and not _fits(ending, mime):
        title = candidate.backend.title
        active.warn(f"output names a .{ending} file, but {title} made {mime}; it was saved as .{extension(mime)}.")


def _state(active: ActiveJob, candidate: Candidate, output: Output) -> JSON:
    """Return the backend's state, if it can be kept; a file without it can still be edited as a file."""
    if output.state is None:
        return None
    state = to_json(output.state)
    declared = candidate.capability.state
    if declared and isinstance(output.state, declared) and state is not None and len(json.dumps(state)) <= _MAX_STATE:
        return state
    active.warn("What an edit would continue from is too much to keep; an edit will start from the file alone.")
    _log.warning("the state that %s gave for a file is not its model in at most 64 KB", candidate.backend.name)
    return None
