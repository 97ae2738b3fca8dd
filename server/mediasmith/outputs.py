"""What a provider made, brought to the disk under temporary names, checked, and described as artifacts."""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial

from mediasmith.artifacts import Facts, FileSink, filename, new_id
from mediasmith.clock import Clock
from mediasmith.contract import JSON, MEDIA_TYPES, Output, Remote, Result
from mediasmith.errors import MediaError, ProviderError, TimedOut, Unreachable
from mediasmith.library import Artifact, Part
from mediasmith.live import Live
from mediasmith.media import EXTENSIONS, extension, media_type
from mediasmith.net import Downloader
from mediasmith.selector import Choice
from mediasmith.settings import Settings
from mediasmith.waiting import Expired, within

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


def token(part: Part, number: int) -> str:
    """The name of a part's temporary file; it starts with the job's id, by which leftovers are found."""
    return f"{part.job_id}-{part.number}-{number}"


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

    async def store(self, live: Live, part: Part, choice: Choice, result: Result) -> list[Artifact]:
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
                stored = await self._bring(live, token(part, number), choice, output)
                _check(live, choice, stored)
            except MediaError as error:
                if part.handle is not None and not isinstance(error, ProviderError):
                    raise  # all of it can be collected again
                failures.append(error)
            else:
                artifacts.append(self._artifact(live, part, number, stored))
        if not artifacts:
            raise failures[0]
        for failure in failures:
            live.warn(f"A file was left out: {failure.message}")
        return artifacts

    async def _bring(self, live: Live, name: str, choice: Choice, output: Output) -> Stored:
        body = output.body
        if isinstance(body, bytes):
            facts = await live.destination.save(name, body, max_bytes=self.settings.max_output_bytes)
            return Stored(output=output, token=name, facts=facts)
        sink = await self._download(live, name, choice, body) if isinstance(body, Remote) else body
        if not isinstance(sink, FileSink):
            raise ProviderError(f"The backend {choice.backend.name} answered with a sink that is not the server's.")
        return Stored(output=output, token=sink.token, facts=await sink.finish())

    async def _download(self, live: Live, name: str, choice: Choice, remote: Remote) -> FileSink:
        """Fetch a finished file. It costs nothing, so trouble backs off until the deadline."""
        started = self.clock.now()
        ends = started + (self.settings.deadline_seconds or choice.capability.deadline)
        wait = 1.0
        limit = self.settings.max_output_bytes
        while True:
            sink = live.destination.sink(name, max_bytes=limit)
            fetch = partial(self.downloader.fetch, remote.url, sink.write, max_bytes=limit, headers=remote.headers)
            try:
                # A server that sends a byte now and then never times out by itself.
                await within(self.clock, ends - self.clock.now(), fetch)
            except Expired as error:
                raise TimedOut(f"The file of {choice.backend.title} did not come in time.") from error
            except (Unreachable, TimedOut, ProviderError) as error:
                await live.destination.discard(name)
                refused = isinstance(error, ProviderError)
                if self.clock.now() + wait > (min(ends, started + _REFUSED) if refused else ends):
                    # Where there is a handle, another poll may name another place.
                    raise (Unreachable(error.message, error.hint) if refused else error) from error
                live.message = error.message
                await self.clock.sleep(wait)
                wait = min(wait * 2, _SLOWEST_RETRY)
            else:
                return sink

    def _artifact(self, live: Live, part: Part, position: int, stored: Stored) -> Artifact:
        now = self.clock.now()
        facts = stored.facts
        new = new_id()
        return Artifact(
            id=new,
            job_id=part.job_id,
            part=part.number,
            position=position,
            path=str(live.destination.folder / _name(live, part, position, new, facts.mime, now)),
            token=stored.token,
            mime=facts.mime,
            bytes=facts.bytes,
            sha256=facts.sha256,
            width=facts.width,
            height=facts.height,
            duration_seconds=facts.duration_seconds,
            kind=live.job.kind,
            backend=part.backend,
            capability=part.capability,
            model=part.model,
            params=part.params,
            prompts=(*live.errand.history, part.prompt),
            parent=live.errand.parent,
            state=_state(live, part, stored.output),
            principal=live.job.principal,
            created=now,
            used=now,
        )


_FORMATS = {name for mime, ending in EXTENSIONS.items() for name in (ending, mime.rpartition("/")[2])}
"""The formats that a file shows; what is within it, such as the code of its samples, is taken on trust."""


def _check(live: Live, choice: Choice, stored: Stored) -> None:
    """Look at the bytes, not at the claim: an error page is not a picture."""
    mime = stored.facts.mime
    kind = choice.capability.kind
    # A dub has the media type of what was dubbed.
    due = {MEDIA_TYPES[kind]} | ({"video"} if kind == "dubbing" else set[str]())
    if media_type(mime) not in due:
        found = mime or "no known type of file"
        raise ProviderError(f"{choice.backend.title} answered with {found} where {MEDIA_TYPES[kind]} was due.")
    asked = choice.values.get("output_format")
    if asked in _FORMATS and asked not in {extension(mime), mime.rpartition("/")[2]}:
        live.warn(f"{choice.backend.title} answered with {mime}, not the {asked} asked for.")


def _name(live: Live, part: Part, position: int, new: str, mime: str, now: float) -> str:  # noqa: PLR0913, PLR0917
    stem = live.destination.stem
    if not stem:
        return filename(part.prompt, made=datetime.fromtimestamp(now, UTC), id=new, mime=mime)
    errand = live.errand
    number = (
        f"-{part.item * errand.count + part.first + position + 1}" if len(errand.prompts) * errand.count > 1 else ""
    )
    return f"{stem}{number}.{extension(mime)}"


def _state(live: Live, part: Part, output: Output) -> JSON:
    """The backend's state, if it is what it must be; a file without it can still be edited as a file."""
    size = json_size(output.state)
    if size is not None and size <= _MAX_STATE:
        return output.state
    live.warn("What an edit would go on from is too much to keep; from here on there is the file alone.")
    _log.warning("the state that %s gave for a file is no JSON of at most 64 KB", part.backend)
    return None
