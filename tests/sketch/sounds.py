"""Speech as samples: words are spoken by the capability, without an engine around it, and decoded."""

from __future__ import annotations

import io
from array import array
from typing import Any

import av
import pytest

from mediasmith.plugin.contract import Call, Result
from mediasmith_sketch.animation.render_slots import RenderSlots
from mediasmith_sketch.speech import SpeechParams, SpeechState, speech

WORDS = "The ferry leaves at nine, and the next one at noon."


class DecodedSound:
    """Decoded sound: one channel of samples from -32768 to 32767, and what carried it."""

    def __init__(self, data: bytes) -> None:
        self.samples = array("h")
        opened_file: Any = av.open(io.BytesIO(data))
        with opened_file as file:
            (stream,) = file.streams
            self.codec: str = stream.codec_context.codec.name
            self.rate: int = stream.rate
            self.channels: int = stream.channels
            plain: Any = av.AudioResampler(format="s16", layout="mono")
            for frame in [*file.decode(stream), None]:
                for piece in plain.resample(frame):
                    self.samples.frombytes(bytes(piece.planes[0])[: 2 * piece.samples])

    @property
    def seconds(self) -> float:
        return len(self.samples) / self.rate

    def silence(self, *, at_end: bool = False) -> float:
        """Seconds before the first sample, or after the last, that can be heard."""
        samples = reversed(self.samples) if at_end else self.samples
        return next(place for place, sample in enumerate(samples) if abs(sample) > 100) / self.rate


async def result_of(words: str, *, state: SpeechState | None = None, **params: Any) -> tuple[Result, list[str]]:
    """A result, and the warnings on the way."""
    warnings: list[str] = []
    call = Call[RenderSlots, SpeechParams](
        client=RenderSlots(),
        handle=lambda _handle: pytest.fail("speech has no handle"),
        model=speech.models[0],
        file=lambda _mime: pytest.fail("speech is given as bytes"),
        report=lambda _pending: None,
        warn=warnings.append,
        prompt=words,
        params=SpeechParams(**params),
        inputs={},
        state=state,
    )
    result = await speech.start(call)
    assert isinstance(result, Result)
    return result, warnings


async def spoken(words: str = WORDS, *, output_format: str = "wav", **params: Any) -> bytes:
    """The bytes of a file, by default the one that is made fastest."""
    result, _ = await result_of(words, output_format=output_format, **params)
    (output,) = result.outputs
    assert isinstance(output.body, bytes)
    return output.body


async def decoded(words: str = WORDS, **params: Any) -> DecodedSound:
    return DecodedSound(await spoken(words, **params))
