"""Read an interaction leniently: only the fields that are used have to be right. Large, so read in a worker thread."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Literal, TypeAlias

from pydantic import Field

from mediasmith.plugin.embedded_media import decode_base64
from mediasmith.plugin.errors import Cancelled, MediaError, OutOfCredit
from mediasmith.plugin.http_answers import Answer, Lenient
from mediasmith.plugin.http_errors import error_for_failed_work, malformed
from mediasmith.plugin.media import HEAD, sniff, wav
from mediasmith_backends.google.errors import refused
from mediasmith_backends.google.sign_in import TITLE

Medium: TypeAlias = Literal["image", "video", "audio"]
"""What a block of an answer can hold besides text."""

_RATE = 24_000
"""Samples per second of speech, unless the answer says otherwise."""

_PENDING = {"queued", "in_progress"}
_ENDED = {"completed", "incomplete", "failed", "cancelled", "budget_exceeded", "requires_action"}

_BLOCKED = {
    *("safety", "image_safety", "prohibited_content", "image_prohibited_content", "blocklist", "jailbreak"),
    *("recitation", "image_recitation", "spii", "model_armor", "image_other", "no_image", "content_blocked"),
}
"""Error codes of content that was declined."""


class _Samples(Answer):
    """The format of sound without a header."""

    rate: Lenient[Annotated[int, Field(ge=1000, lt=2**20)]] = None
    channels: Lenient[Annotated[int, Field(ge=1, le=16)]] = None


class _Block(Answer):
    """A part of what the model answers: text or a file."""

    type: Lenient[str] = None
    text: Lenient[str] = None
    mime_type: Lenient[str] = None
    data: Lenient[str] = Field(default=None, repr=False)
    uri: Lenient[str] = None
    sample_rate: Lenient[Annotated[int, Field(ge=1000, lt=2**20)]] = None
    channels: Lenient[Annotated[int, Field(ge=1, le=16)]] = None


class _Error(Answer):
    code: Lenient[str] = None
    message: Lenient[str] = None


class _Step(Answer):
    type: Lenient[str] = None
    content: Lenient[list[Lenient[_Block]]] = None
    error: Lenient[_Error] = None


@dataclass(frozen=True, kw_only=True)
class File:
    """A generated file: its bytes, or the URI where they are."""

    mime: str
    data: bytes = field(default=b"", repr=False)
    uri: str = ""


class Interaction(Answer):
    """An interaction. Older models answer with `outputs` in place of `steps`."""

    id: Lenient[str] = None
    status: str
    steps: Lenient[list[Lenient[_Step]]] = None
    outputs: Lenient[list[Lenient[_Block]]] = None
    errors: Lenient[list[Lenient[_Error]]] = None

    @property
    def ended(self) -> bool:
        """Whether the status is one that ends the work."""
        return self.status in _ENDED

    @property
    def text(self) -> str:
        """What the model says beside its files."""
        return "\n".join(block.text for block in self._blocks() if block.type == "text" and block.text)

    def files(self, medium: Medium) -> Sequence[File] | MediaError | None:
        """Return the files of this medium, or why there are none now that the work has ended; None while it goes on.

        Raises:
            ProviderError: the answer does not say how the work stands, or holds a file that cannot be read.
        """
        if self.status in _PENDING:
            return None
        if not self.ended:
            raise malformed(TITLE)
        blocks = [block for block in self._blocks() if block.type == medium]
        found = [_file(block) for block in blocks]
        files = [file for file in found if file]
        if files and self.status in {"completed", "incomplete"}:
            return files
        unknown = any(block.data or block.uri for block in self._blocks())
        if self.status == "completed" and (found or unknown or (self.steps is self.outputs is self.errors is None)):
            raise malformed(TITLE)
        return self._failure()

    def _failure(self) -> MediaError:
        """Return why there are no files. No answer says whether that was charged."""
        errors = [*self._errors()]
        reasons = [error.message for error in errors if error.message]
        codes = {error.code.rpartition("/")[2].lower().replace("-", "_") for error in errors if error.code}
        if self.status == "cancelled":
            return Cancelled(f"The job was cancelled at {TITLE}.", billed="unknown")
        if self.status == "budget_exceeded":
            return OutOfCredit(f"The account at {TITLE} has no budget left.", billed="unknown")
        if self.status == "completed" or codes & _BLOCKED:
            return refused((*reasons, self.text, *sorted(codes)))
        return error_for_failed_work(TITLE, next(iter(reasons), ""))

    def _outputs(self) -> Iterator[_Step]:
        yield from (step for step in self.steps or () if step and step.type == "model_output")
        yield _Step(content=self.outputs)

    def _blocks(self) -> Iterator[_Block]:
        for step in self._outputs():
            yield from (block for block in step.content or () if block)

    def _errors(self) -> Iterator[_Error]:
        yield from (error for error in self.errors or () if error)
        yield from (step.error for step in self._outputs() if step.error)


def _file(block: _Block) -> File | None:
    """Return the file in a block, or None where it cannot be read."""
    claimed = block.mime_type or ""
    if not block.data:
        return File(mime=claimed, uri=block.uri) if block.uri else None
    data = decode_base64(block.data)
    if block.type == "audio" and not sniff(data[:HEAD]):
        return _samples(data, claimed, block)
    return File(mime=sniff(data[:HEAD]) or claimed, data=data) if data else None


def _samples(data: bytes, claimed: str, block: _Block) -> File | None:
    """Return samples without a header as WAV, with the rate that their MIME type gives."""
    main, *rest = (part.strip().lower() for part in claimed.split(";"))
    if main not in {"audio/l16", "audio/pcm"} or not data:
        return None
    given = _Samples.model_validate({name: value for name, _, value in (part.partition("=") for part in rest)})
    rate, channels = given.rate or block.sample_rate or _RATE, given.channels or block.channels or 1
    return File(mime="audio/wav", data=wav(data, rate=rate, channels=channels))
