"""What is said in several requests, one after the other: what was paid for is kept, and becomes one file."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeAlias, TypeVar

from anyio import to_thread

from mediasmith.plugin.contract import JSON, Call, Output, Result
from mediasmith.plugin.files import Sink
from mediasmith.plugin.text_split import speak_parts
from mediasmith_backends.elevenlabs.answers import Told
from mediasmith_backends.elevenlabs.client import ElevenLabs
from mediasmith_backends.elevenlabs.errors import explain
from mediasmith_backends.elevenlabs.formats import Form, assembled

Write: TypeAlias = Callable[[bytes], Awaitable[None]]
"""Where the bytes of an answer go."""

P = TypeVar("P")


@dataclass(frozen=True, kw_only=True)
class Said:
    """What was said: one file, or several that could not be joined. `told` is what came with each request."""

    bodies: tuple[bytes | Sink, ...]
    form: Form
    told: tuple[Told, ...]
    complete: bool = True

    def result(self, state: JSON = None, **details: JSON) -> Result:
        """The same as a result, with the details that came with the requests."""
        costs = [one.characters for one in self.told if one.characters is not None]
        charged: dict[str, JSON] = {"characters": sum(costs)} if costs else {}
        return Result(
            outputs=tuple(Output(body=body, mime=self.form.mime, state=state) for body in self.bodies),
            complete=self.complete,
            details={**details, **self.told[-1].details, **charged},
        )


async def said(
    call: Call[ElevenLabs, Any],
    form: Form,
    parts: Sequence[P],
    say: Callable[[P, Write], Awaitable[Told]],
    words: Callable[[P], str],
) -> Said:
    """Have the parts said in turn. `say` is one paid request; `words` are what is said in a part.

    Raises:
        MediaError: the first request failed. When a later one does, there is a warning, and what was made is kept.
    """
    if len(parts) == 1 and not form.bare:
        sink = call.file(form.mime)
        return Said(bodies=(sink,), form=form, told=(await say(parts[0], sink.write),))
    answers = await speak_parts(call, parts, partial(_collected, say), text_of=words, explain=explain)
    bodies = await _joined(call, form, [sound for sound, _ in answers])
    told = tuple(told for _, told in answers)
    return Said(bodies=bodies, form=form, told=told, complete=len(answers) == len(parts))


async def _collected(say: Callable[[P, Write], Awaitable[Told]], part: P) -> tuple[bytes, Told]:
    collected = bytearray()

    async def write(chunk: bytes) -> None:
        collected.extend(chunk)

    told = await say(part, write)
    return bytes(collected), told


async def _joined(call: Call[ElevenLabs, Any], form: Form, sound: Sequence[bytes]) -> tuple[bytes, ...]:
    try:
        return (await to_thread.run_sync(assembled, sound, form),)
    except ValueError:
        call.warn(f"The {len(sound)} parts could not be joined, so each is a file of its own.")
        return tuple(sound)
