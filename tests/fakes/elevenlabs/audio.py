"""Real audio in every format of the provider: a tone whose pitch follows from what was asked."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from functools import lru_cache
from hashlib import sha256
from math import ceil, sin, tau
from struct import pack
from typing import Any

from fakes.elevenlabs.errors import refusal
from fakes.elevenlabs.state import ElevenState
from loopback.connection import Answer
from loopback.forms import File

CHARACTERS_A_SECOND = 4000
"""How fast the fake speaks, so that long texts are quick to make."""

_CODECS: Mapping[str, tuple[str, str, str]] = {
    "mp3": ("mp3", "libmp3lame", "audio/mpeg"),
    "wav": ("wav", "pcm_s16le", "audio/wav"),
    "pcm": ("s16le", "pcm_s16le", "audio/pcm"),
    "ulaw": ("mulaw", "pcm_mulaw", "audio/basic"),
    "alaw": ("alaw", "pcm_alaw", "audio/x-alaw-basic"),
    "opus": ("ogg", "libopus", "audio/opus"),
}
_FOR_PLANS = {"mp3_44100_192": ("creator", "pro"), "pcm_44100": ("pro",), "wav_44100": ("pro",)}
_LONGEST = 5.0  # seconds; what is asked to be longer is not
_UPLOADS: Mapping[str, Sequence[str]] = {
    "mp3": ("audio/mpeg",),
    "wav": ("audio/wav",),
    "ogg": ("audio/ogg",),
    "flac": ("audio/flac",),
    "aac": ("audio/aac",),
    "mov,mp4,m4a,3gp,3g2,mj2": ("audio/mp4", "video/mp4", "video/quicktime"),
    "matroska,webm": ("video/webm",),
}


def speech_seconds(text: str) -> float:
    """Return how long it takes to say this."""
    return max(0.25, len(text) / CHARACTERS_A_SECOND)


def allow_format(state: ElevenState, code: str) -> None:
    """Refuse a format that the account's plan does not have."""
    plans = _FOR_PLANS.get(code)
    if plans and state.settings.plan not in plans:
        message = f"Output format '{code}' is only available on the {plans[0].title()} tier and above."
        raise refusal(403, "output_format_not_allowed", message, param="output_format")


def audio_answer(state: ElevenState, cost: float, data: bytes, code: str, **headers: str) -> Answer:
    """Return an answer with this audio, which costs so many credits."""
    state.spend(ceil(cost))
    headers = {"character-cost": str(ceil(cost)), **headers}
    return Answer(mime=_CODECS[code.partition("_")[0]][2], body=data, headers=headers, chunked=True)


def audio(seconds: float, seed: str, code: str, *, channels: int = 1) -> bytes:
    """Return audio of this length, at most five seconds, in this format."""
    return _encode(min(seconds, _LONGEST), 300 + 10 * sha256(seed.encode()).digest()[0], code, channels)


@lru_cache(maxsize=512)
def _encode(seconds: float, hertz: int, code: str, channels: int) -> bytes:
    import av  # noqa: PLC0415 - heavy: a provider that was not asked for sound starts without it

    codec, rate, *kilobits = code.split("_")
    container, encoder, _ = _CODECS[codec]
    tenth = [int(8000 * sin(hertz * tau * at / int(rate))) for at in range(int(rate) // 10)]  # whole periods
    samples = (pack(f"<{len(tenth)}h", *tenth) * (ceil(10 * seconds) + 1))[: 2 * int(seconds * int(rate))]
    frame = av.AudioFrame(format="s16", layout="mono", samples=len(samples) // 2)
    frame.sample_rate = int(rate)
    frame.planes[0].update(samples + bytes(frame.planes[0].buffer_size - len(samples)))
    file = io.BytesIO()
    opened: Any = av.open(file, "w", format=container)  # its types are only partly known
    with opened as output:
        stream = output.add_stream(encoder, rate=int(rate), layout="mono" if channels == 1 else "stereo")
        if kilobits:
            stream.bit_rate = 1000 * int(kilobits[0])
        context = stream.codec_context
        resampler = av.AudioResampler(context.format, context.layout, int(rate), context.frame_size or None)
        for piece in (*resampler.resample(frame), *resampler.resample(None)):
            output.mux(stream.encode(piece))
        output.mux(stream.encode(None))
    return file.getvalue()


def upload_seconds(files: Sequence[File]) -> float:
    """Return how long the first file plays; refuse any that is not what its type says."""
    import av  # noqa: PLC0415 - heavy: a provider that was sent nothing starts without it
    from av.error import FFmpegError  # noqa: PLC0415 - heavy: as above

    if not files:
        raise refusal(422, "invalid_parameters", "A file is required.")
    seconds: list[float] = []
    for file in files:
        try:
            opened: Any = av.open(io.BytesIO(file.body), metadata_errors="ignore")  # its types are only partly known
        except FFmpegError as error:
            raise refusal(400, "invalid_content", f"{file.name} is no audio or video that can be read.") from error
        with opened:
            if file.mime not in _UPLOADS.get(opened.format.name, ()):
                raise refusal(422, "invalid_content", f"{file.name} is not {file.mime}.", param=file.field)
            seconds.append((opened.duration or 0) / 1_000_000)
    return seconds[0]
