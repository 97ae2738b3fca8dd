"""What sound can be saved as: our words, and the codes that the provider has for them."""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Literal, TypeAlias

from pydantic import Field

from mediasmith.plugin.audio_concat import concat_audio
from mediasmith.plugin.contract import Params
from mediasmith.plugin.media import wav

Format: TypeAlias = Literal["mp3", "wav", "ogg", "ulaw", "alaw"]
"""The file types; the last two are for telephones, in WAV files."""

SampleRate: TypeAlias = Literal[8000, 16000, 22050, 24000, 32000, 44100, 48000]
"""Samples per second."""

Bitrate: TypeAlias = Literal[32, 48, 64, 96, 128, 192, 240, 320]
"""Thousand bits per second."""

_OPUS = ("opus_48000_128", "opus_48000_192", "opus_48000_96", "opus_48000_64", "opus_48000_32")
_TELEPHONE = ("ulaw_8000", "alaw_8000")
_MP3 = (
    *("mp3_44100_128", "mp3_44100_192", "mp3_44100_96", "mp3_44100_64", "mp3_44100_32"),
    *("mp3_24000_48", "mp3_22050_32"),
)
_RATES = (24000, 48000, 44100, 32000, 22050, 16000, 8000)

Fraction: TypeAlias = Annotated[float, Field(ge=0, le=1)]
"""From nothing to all."""

VOICES = (*_MP3, *(f"pcm_{rate}" for rate in _RATES), *_OPUS, *_TELEPHONE)
"""What one voice or several are sent as, of each sort the usual one first. PCM of 24 kHz is in every plan."""

SOUNDS = (*_MP3, *(f"wav_{rate}" for rate in (48000, 24000, 44100, 32000, 22050, 16000, 8000)), *_OPUS)
"""What sounds are sent as. They may have two channels, which a file of each of these types tells by itself."""

MUSIC = (
    *(*_MP3, "mp3_48000_192", "mp3_48000_128", "mp3_48000_240", "mp3_48000_320"),
    *(f"pcm_{rate}" for rate in _RATES),
    *(*_OPUS, *_TELEPHONE),
)
"""What music is sent as; here, too, the usual one is in every plan."""

_SORTS: Mapping[Format, tuple[str, ...]] = {
    "mp3": ("mp3",),
    "wav": ("wav", "pcm"),
    "ogg": ("opus",),
    "ulaw": ("ulaw",),
    "alaw": ("alaw",),
}
"""What the provider calls each file type."""

_MIMES = {"mp3": "audio/mpeg", "opus": "audio/ogg"}

_WIDTH = 2  # bytes of a sample of PCM

_LAWS = {"alaw": 6, "ulaw": 7}
"""The numbers of the two telephone codings in a WAV file."""


class SoundParams(Params):
    """How the sound is to be saved. The rate is in hertz, the bit rate in kbit/s."""

    output_format: Format = "mp3"
    sample_rate: SampleRate | None = None
    bitrate: Bitrate | None = None


@dataclass(frozen=True, kw_only=True)
class Form:
    """A form of sound: `code` is what the provider calls it, the rate is in hertz, the bit rate in kbit/s or 0."""

    code: str
    sort: str
    rate: int
    bitrate: int

    @property
    def mime(self) -> str:
        """The type of the file."""
        return _MIMES.get(self.sort, "audio/wav")

    @property
    def bare(self) -> bool:
        """Whether what comes is samples without a header, which no player opens."""
        return self.sort == "pcm" or self.sort in _LAWS


def form(params: SoundParams, offered: Sequence[str]) -> Form:
    """The form that is asked for, of those in which something is offered: the first that agrees with every word.

    ValueError, in words for the caller, when there is none.
    """
    forms = [one for one in map(_read, offered) if one.sort in _SORTS[params.output_format]]
    for one in forms:
        if params.sample_rate in (None, one.rate) and params.bitrate in (None, one.bitrate):
            return one
    raise ValueError(f"makes {params.output_format} with {'; '.join(_said(forms))}")


def refusal(params: SoundParams, offered: Sequence[str]) -> str:
    """Why the form that is asked for is not offered, or nothing."""
    try:
        form(params, offered)
    except ValueError as error:
        return str(error)
    return ""


def assembled(parts: Sequence[bytes], of: Form, *, channels: int = 1) -> bytes:
    """Sound that came in parts, as one file. Blocking. `channels` is for samples without a header.

    ValueError when the parts are not of this form.
    """
    if of.sort in _LAWS:
        return _telephone(b"".join(parts), law=_LAWS[of.sort], rate=of.rate, channels=channels)
    if of.sort == "pcm":
        whole = (part[: len(part) - len(part) % (_WIDTH * channels)] for part in parts)
        return wav(b"".join(whole), rate=of.rate, channels=channels, width=_WIDTH)
    return concat_audio(parts, of.mime)


def _read(code: str) -> Form:
    sort, rate, *bitrate = code.split("_")
    return Form(code=code, sort=sort, rate=int(rate), bitrate=int(bitrate[0]) if bitrate else 0)


def _said(forms: Sequence[Form]) -> list[str]:
    """The rates, each with the bit rates that it goes with."""
    rates = dict.fromkeys(one.rate for one in forms)
    bitrates = {rate: sorted({one.bitrate for one in forms if one.rate == rate and one.bitrate}) for rate in rates}
    return [
        f"sample_rate {rate}" + (f" and bitrate {', '.join(map(str, fitting))}" if fitting else "")
        for rate, fitting in bitrates.items()
    ]


def _telephone(samples: bytes, *, law: int, rate: int, channels: int) -> bytes:
    """Samples of eight bits in a WAV file. The form must tell its own length, and how many samples there are."""
    kind = struct.pack("<HHIIHHH", law, channels, rate, rate * channels, channels, 8, 0)
    count = struct.pack("<I", len(samples) // channels)
    padded = samples + bytes(len(samples) % 2)
    chunks = b"".join(
        name + struct.pack("<I", size) + body
        for name, size, body in (
            (b"fmt ", len(kind), kind),
            (b"fact", len(count), count),
            (b"data", len(samples), padded),
        )
    )
    return b"RIFF" + struct.pack("<I", len(chunks) + 4) + b"WAVE" + chunks
