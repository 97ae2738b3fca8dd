"""What an interaction answers, read leniently: only what is used has to be right. Big, so read in a worker thread."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeAlias, cast

from mediasmith.plugin.errors import Cancelled, MediaError, OutOfCredit, ProviderError, Unreachable
from mediasmith.plugin.media import HEAD, sniff, wav
from mediasmith_backends.google.errors import refused

MediumKind: TypeAlias = Literal["image", "video", "audio"]
"""What a model shows."""

_RATE = 24_000
"""Samples a second of speech, where nothing says so."""

_STANDARD = bytes.maketrans(b"-_", b"+/")

_BLOCKS = {
    *("safety", "image_safety", "prohibited_content", "image_prohibited_content", "blocklist", "jailbreak"),
    *("recitation", "image_recitation", "spii", "model_armor", "image_other", "no_image", "content_blocked"),
}
"""The codes of errors that are a refusal."""


@dataclass(frozen=True, kw_only=True)
class Medium:
    """A picture, a video or sound: its bytes, or where they are."""

    kind: MediumKind
    mime: str
    data: bytes = field(default=b"", repr=False)
    uri: str = ""


@dataclass(frozen=True, kw_only=True)
class Interaction:
    """How an interaction stands. `reasons` are what its errors say, `codes` their codes.

    `spoilt` says that something was shown that cannot be read.
    """

    id: str
    status: str
    media: tuple[Medium, ...] = ()
    text: str = ""
    reasons: tuple[str, ...] = ()
    codes: frozenset[str] = frozenset()
    spoilt: bool = False

    def made(self, kind: MediumKind) -> list[Medium] | None:
        """What was made of this kind; None while it is still being made.

        Raises:
            Refused: it was not made on purpose.
            MediaError: it ended otherwise, or in a way that makes no sense.
        """
        if self.status in {"in_progress", "queued"}:
            return None
        found = [medium for medium in self.media if medium.kind == kind]
        if found and self.status in {"completed", "incomplete"}:
            return found
        raise self._ending()

    def _ending(self) -> MediaError:
        """Why there is nothing. No answer says whether what was not made was charged."""
        said = next((reason.strip().rstrip(".") for reason in self.reasons if reason.strip()), "")
        match self.status:
            case "completed" if self.spoilt:
                return ProviderError("Google answered with a file that cannot be read.")
            case "completed" | "failed" | "incomplete" if self.status == "completed" or self.codes & _BLOCKS:
                return refused((*self.reasons, self.text, *sorted(self.codes)))
            case "failed" | "incomplete":
                return ProviderError(f"Google could not make it{f': {said}' if said else ''}.", billed="unknown")
            case "cancelled":
                return Cancelled("It was cancelled at Google.", billed="unknown")
            case "budget_exceeded":
                return OutOfCredit("The account at Google has no budget left.", billed="unknown")
            case _:
                words = f"Google's answer has a status that is not known here: {self.status[:60]}."
                return ProviderError(words, billed="unknown")


def read(raw: bytes) -> Interaction:
    """The interaction in an answer. Blocking.

    Raises:
        Unreachable: there is none in it, so something else has answered.
    """
    try:
        document = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise Unreachable("What came in place of Google's answer is no JSON.") from error
    match document:
        case {"status": str(status)}:
            return _interaction(cast("Mapping[str, object]", document), status)
        case _:
            raise Unreachable("What came in place of Google's answer is no interaction.")


def _interaction(document: Mapping[str, object], status: str) -> Interaction:
    name = document.get("id")
    steps = [*_outputs(document)]
    blocks = [block for step in steps for block in _mappings(step.get("content"))]
    media = [_medium(block) for block in blocks if block.get("type") in {"image", "video", "audio"}]
    texts = [text for block in blocks if isinstance(text := block.get("text"), str) and block.get("type") == "text"]
    errors = [
        *_mappings(document.get("errors")),
        *(error for step in steps for error in _mappings([step.get("error")])),
    ]
    return Interaction(
        id=name if isinstance(name, str) else "",
        status=status,
        media=tuple(medium for medium in media if medium),
        text="\n".join(texts),
        reasons=tuple(text for error in errors if isinstance(text := error.get("message"), str)),
        codes=frozenset(_code(text) for error in errors if isinstance(text := error.get("code"), str)),
        spoilt=None in media,
    )


def _outputs(document: Mapping[str, object]) -> Iterator[Mapping[str, object]]:
    """What the model said and showed, step by step. Older models have it all in one."""
    for step in _mappings(document.get("steps")):
        if step.get("type") == "model_output":
            yield step
    yield {"content": document.get("outputs")}


def _mappings(value: object) -> list[Mapping[str, object]]:
    listed = cast("Sequence[object]", value) if isinstance(value, list) else ()
    return [cast("Mapping[str, object]", one) for one in listed if isinstance(one, Mapping)]


def _code(code: str) -> str:
    return code.rpartition("/")[2].lower().replace("-", "_")


def _medium(block: Mapping[str, object]) -> Medium | None:
    """What a block shows; None for what cannot be read."""
    kind = cast("MediumKind", block["type"])
    claimed, uri, data = (block.get(name) for name in ("mime_type", "uri", "data"))
    mime = claimed if isinstance(claimed, str) else ""
    if isinstance(data, str) and data:
        content = decoded(data)
        return _sound(content, mime, block) if kind == "audio" and content else _shown(kind, content, mime)
    return Medium(kind=kind, mime=mime, uri=uri) if isinstance(uri, str) and uri else None


def decoded(text: str) -> bytes:
    """Base64 in either alphabet, with or without padding and line ends; nothing for what is none."""
    packed = "".join(text.split()).rstrip("=").encode(errors="replace").translate(_STANDARD)
    try:
        return base64.b64decode(packed + b"=" * (-len(packed) % 4), validate=True)
    except binascii.Error:
        return b""


def _shown(kind: MediumKind, data: bytes, mime: str) -> Medium | None:
    return Medium(kind=kind, mime=sniff(data[:HEAD]) or mime, data=data) if data else None


def _sound(data: bytes, mime: str, block: Mapping[str, object]) -> Medium | None:
    """Sound; samples without a header are given one, with the rate that their type tells."""
    if sniff(data[:HEAD]):
        return _shown("audio", data, mime)
    main, *words = (part.strip().lower() for part in mime.split(";"))
    if main not in {"audio/l16", "audio/pcm"}:
        return None
    told = {name: value for name, _, value in (word.partition("=") for word in words)}
    rate = _number(told.get("rate")) or _number(block.get("sample_rate")) or _RATE
    channels = _number(told.get("channels")) or _number(block.get("channels")) or 1
    return Medium(kind="audio", mime="audio/wav", data=wav(data, rate=rate, channels=channels))


def _number(value: object) -> int:
    """A whole number above zero in a text or as one; 0 for anything else."""
    if isinstance(value, str):
        value = int(value) if value.isascii() and value.isdigit() and len(value) < 10 else 0  # noqa: PLR2004 - digits
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 < value < 2**20 else 0
