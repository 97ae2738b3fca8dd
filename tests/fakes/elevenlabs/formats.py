"""The formats of sound there are, and which of them an account may have."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Literal, TypeAlias, get_args

from pydantic import AfterValidator

from fakes.elevenlabs.catalogue import Plan
from fakes.elevenlabs.errors import refusal
from loopback.faults import Strict, rule

Format: TypeAlias = Literal[
    "mp3_22050_32",
    "mp3_24000_48",
    "mp3_44100_32",
    "mp3_44100_64",
    "mp3_44100_96",
    "mp3_44100_128",
    "mp3_44100_192",
    "pcm_8000",
    "pcm_16000",
    "pcm_22050",
    "pcm_24000",
    "pcm_32000",
    "pcm_44100",
    "pcm_48000",
    "wav_8000",
    "wav_16000",
    "wav_22050",
    "wav_24000",
    "wav_32000",
    "wav_44100",
    "wav_48000",
    "ulaw_8000",
    "alaw_8000",
    "opus_48000_32",
    "opus_48000_64",
    "opus_48000_96",
    "opus_48000_128",
    "opus_48000_192",
]
"""Every format of speech and of sounds: codec, samples a second, kilobits a second."""


def _has_no_wav(form: Format) -> Format:
    if form.startswith("wav"):
        raise rule("literal_error", "WAV is not made here")
    return form


Common: TypeAlias = Annotated[Format, AfterValidator(_has_no_wav)]
"""Every format of songs and of designed voices: there is no WAV of them."""

MIMES: Mapping[str, str] = {
    "mp3": "audio/mpeg",
    "pcm": "audio/pcm",
    "wav": "audio/wav",
    "ulaw": "audio/basic",
    "alaw": "audio/x-alaw-basic",
    "opus": "audio/opus",
}
"""What the provider calls each codec."""

_PLANS: Mapping[str, Plan] = {"mp3_44100_192": "creator", "pcm_44100": "pro", "wav_44100": "pro"}
_ORDER = get_args(Plan)


class Wanted(Strict):
    """The query of a request for sound."""

    output_format: Format = "mp3_44100_128"


@dataclass(frozen=True, kw_only=True)
class Coding:
    """A format, taken apart. `rate` is in Hz, `bits` in bits a second, or 0 where there is no choice."""

    codec: str
    rate: int
    bits: int

    @classmethod
    def of(cls, form: str) -> Coding:
        """The format of this name."""
        codec, rate, *bits = form.split("_")
        return cls(codec=codec, rate=int(rate), bits=1000 * int(bits[0]) if bits else 0)


def allow(form: str, plan: Plan) -> None:
    """Refuse a format that an account with this plan may not have."""
    needed = _PLANS.get(form, "free")
    if _ORDER.index(plan) < _ORDER.index(needed):
        message = f"Output format '{form}' is only available on the {needed.title()} tier and above."
        raise refusal(403, "output_format_not_allowed", message, param="output_format")
