"""What a provider made, brought to the disk under temporary names, checked, and described as artifacts."""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial

from mediasmith.config.settings import Settings
from mediasmith.jobs.active_job import ActiveJob
from mediasmith.plugin.contract import JSON, Output, Remote, Result
from mediasmith.plugin.errors import MediaError, ProviderError, TimedOut, Unreachable
from mediasmith.plugin.kinds import MEDIA_TYPES
from mediasmith.plugin.media import EXTENSIONS, extension, media_type
from mediasmith.runtime.clock import Clock
from mediasmith.runtime.timeouts import Expired, with_timeout
from mediasmith.selection.candidate import Candidate
from mediasmith.storage.artifacts.file_names import filename, new_id
from mediasmith.storage.artifacts.sink import Facts, FileSink
from mediasmith.storage.downloader import Downloader
from mediasmith.storage.library.records import Artifact, Task

_log = logging.getLogger(__name__)

_MAX_STATE = 65_536
"""Bytes of JSON that a backend may keep with a file."""

_SLOWEST_RETRY = 60.0
"""Failed downloads back off to this many seconds."""

_REFUSED = 60.0
"""Seconds for which a file that its server refuses is asked for again: some storage lags behind the answer."""


def json_size(value: JSON) -> int | None:
    """Bytes of a value written as JSON, or None when it is no JSON."""
    try:
        return len(json.dumps(value, allow_nan=False))
    except (TypeError, ValueError, RecursionError):
        return None


def token(task: Task, number: int) -> str:
    """The name of a part's temporary file; it starts with the job's id, by which leftovers are found."""
    return f"{task.job_id}-{task.number}-{number}"


@dataclass(frozen=True, kw_only=True)
class Stored:
    """An output on disk under its temporary name."""

    output: Output
    token: str
    facts: Facts


@dataclass(frozen=True, kw_only=True)
class Outputs:
    """Brings outputs to the disk."""

    clock: Clock
    downloader: Downloader
    settings: Settings

    async def store(self, active: ActiveJob, task: Task, candidate: Candidate, result: Result) -> list[Artifact]:
        """Every output of a result in a temporary file, as artifacts that are not yet settled.

        One that cannot be used is left out with a warning, while there are others.

        Raises:
            ProviderError: an output is not of the kind that was asked for, or is too large.
            MediaError: the disk is full, or the download did not work until the deadline.
        """
        artifacts: list[Artifact] = []
        failures: list[MediaError] = []
        for number, output in enumerate(result.outputs):
            try:
                stored = await self._bring(active, token(task, number), candidate, output)
                _check(active, candidate, stored)
            except MediaError as error:
                if task.handle is not None and not isinstance(error, ProviderError):
                    raise  # all of it can be collected again
                failures.append(error)
            else:
                artifacts.append(self._artifact(active, task, number, stored))
        if not artifacts:
            raise failures[0]
        for failure in failures:
            active.warn(f"A file was left out: {failure.message}")
        return artifacts

    async def _bring(self, active: ActiveJob, name: str, candidate: Candidate, output: Output) -> Stored:
        body = output.body
        if isinstance(body, bytes):
            facts = await active.destination.save(name, body, max_bytes=self.settings.max_output_bytes)
            return Stored(output=output, token=name, facts=facts)
        sink = await self._download(active, name, candidate, body) if isinstance(body, Remote) else body
        if not isinstance(sink, FileSink):
            raise ProviderError(f"The backend {candidate.backend.name} answered with a sink that is not the server's.")
        return Stored(output=output, token=sink.token, facts=await sink.finish())

    async def _download(self, active: ActiveJob, name: str, candidate: Candidate, remote: Remote) -> FileSink:
        """Fetch a finished file. It costs nothing, so trouble backs off until the deadline."""
        started = self.clock.now()
        ends = started + (self.settings.deadline_seconds or candidate.capability.deadline)
        wait = 1.0
        limit = self.settings.max_output_bytes
        while True:
            sink = active.destination.sink(name, max_bytes=limit)
            fetch = partial(self.downloader.fetch, remote.url, sink.write, max_bytes=limit, headers=remote.headers)
            try:
                # A server that sends a byte now and then never times out by itself.
                await with_timeout(self.clock, ends - self.clock.now(), fetch)
            except Expired as error:
                raise TimedOut(f"The file of {candidate.backend.title} did not come in time.") from error
            except (Unreachable, TimedOut, ProviderError) as error:
                await active.destination.discard(name)
                refused = isinstance(error, ProviderError)
                if self.clock.now() + wait > (min(ends, started + _REFUSED) if refused else ends):
                    # Where there is a handle, another poll may name another place.
                    raise (Unreachable(error.message, error.hint) if refused else error) from error
                active.message = error.message
                await self.clock.sleep(wait)
                wait = min(wait * 2, _SLOWEST_RETRY)
            else:
                return sink

    def _artifact(self, active: ActiveJob, task: Task, position: int, stored: Stored) -> Artifact:
        now = self.clock.now()
        facts = stored.facts
        new = new_id()
        return Artifact(
            id=new,
            job_id=task.job_id,
            task=task.number,
            position=position,
            path=str(active.destination.folder / _name(active, task, position, new, facts.mime, now)),
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
            state=_state(active, task, stored.output),
            principal=active.job.principal,
            created=now,
            used=now,
        )


_FORMATS = {name for mime, ending in EXTENSIONS.items() for name in (ending, mime.rpartition("/")[2])}
"""The formats that a file shows; what is within it, such as the code of its samples, is taken on trust."""


def _check(active: ActiveJob, candidate: Candidate, stored: Stored) -> None:
    """Look at the bytes, not at the claim: an error page is not a picture."""
    mime = stored.facts.mime
    kind = candidate.capability.kind
    # A dub has the media type of what was dubbed.
    due = {MEDIA_TYPES[kind]} | ({"video"} if kind == "dubbing" else set[str]())
    if media_type(mime) not in due:
        found = mime or "no known type of file"
        raise ProviderError(f"{candidate.backend.title} answered with {found} where {MEDIA_TYPES[kind]} was due.")
    asked = candidate.values.get("output_format")
    if asked in _FORMATS and asked not in {extension(mime), mime.rpartition("/")[2]}:
        active.warn(f"{candidate.backend.title} answered with {mime}, not the {asked} asked for.")


def _name(active: ActiveJob, task: Task, position: int, new: str, mime: str, now: float) -> str:  # noqa: PLR0913, PLR0917
    stem = active.destination.stem
    if not stem:
        return filename(task.prompt, made=datetime.fromtimestamp(now, UTC), id=new, mime=mime)
    spec = active.spec
    number = f"-{task.item * spec.count + task.first + position + 1}" if len(spec.prompts) * spec.count > 1 else ""
    return f"{stem}{number}.{extension(mime)}"


def _state(active: ActiveJob, task: Task, output: Output) -> JSON:
    """The backend's state, if it is what it must be; a file without it can still be edited as a file."""
    size = json_size(output.state)
    if size is not None and size <= _MAX_STATE:
        return output.state
    active.warn("What an edit would go on from is too much to keep; from here on there is the file alone.")
    _log.warning("the state that %s gave for a file is no JSON of at most 64 KB", task.backend)
    return None
