"""The formats of audio: Mediasmith's words for them, the provider's codes, and how parts of audio become one file."""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Literal, TypeAlias

from pydantic import Field

from mediasmith.plugin.audio_concat import concat_audio
from mediasmith.plugin.contract import Params
from mediasmith.plugin.media import wav

FileType: TypeAlias = Literal["mp3", "wav", "ogg", "ulaw", "alaw"]
"""The file types; ulaw and alaw are the codings of telephones, in WAV files."""

SampleRate: TypeAlias = Literal[8000, 16000, 22050, 24000, 32000, 44100, 48000]
"""Samples per second."""

Bitrate: TypeAlias = Literal[32, 48, 64, 96, 128, 192, 240, 320]
"""Thousand bits per second."""

Fraction: TypeAlias = Annotated[float, Field(ge=0, le=1)]
"""A setting from 0 to 1."""

_OPUS = ("opus_48000_128", "opus_48000_192", "opus_48000_96", "opus_48000_64", "opus_48000_32")
_TELEPHONE = ("ulaw_8000", "alaw_8000")
_MP3 = (
    *("mp3_44100_128", "mp3_44100_192", "mp3_44100_96", "mp3_44100_64", "mp3_44100_32"),
    *("mp3_24000_48", "mp3_22050_32"),
)
_PCM = tuple(f"pcm_{rate}" for rate in (24000, 48000, 44100, 32000, 22050, 16000, 8000))
_WAV = tuple(f"wav_{rate}" for rate in (48000, 24000, 44100, 32000, 22050, 16000, 8000))

VOICE_FORMATS = (*_MP3, *_PCM, *_OPUS, *_TELEPHONE)
"""The provider's codes for speech, the default of each file type first. Every plan includes PCM of 24 kHz."""

SOUND_FORMATS = (*_MP3, *_WAV, *_OPUS)
"""The provider's codes for sound effects: only those whose files say how many channels they have."""

MUSIC_FORMATS = (
    *(*_MP3, "mp3_48000_192", "mp3_48000_128", "mp3_48000_240", "mp3_48000_320"),
    *(*_PCM, *_OPUS, *_TELEPHONE),
)
"""The provider's codes for music, the default of each file type first."""

_CODECS: Mapping[FileType, tuple[str, ...]] = {
    "mp3": ("mp3",),
    "wav": ("wav", "pcm"),
    "ogg": ("opus",),
    "ulaw": ("ulaw",),
    "alaw": ("alaw",),
}
_MIMES = {"mp3": "audio/mpeg", "opus": "audio/ogg"}
_PCM_WIDTH = 2  # bytes of a sample
_WAV_CODINGS = {"alaw": 6, "ulaw": 7}  # the registered numbers of the two codings


class AudioParams(Params):
    """How the audio is saved. `sample_rate` is in hertz, `bitrate` in kbit/s."""

    output_format: FileType = "mp3"
    sample_rate: SampleRate | None = None
    bitrate: Bitrate | None = None


@dataclass(frozen=True, kw_only=True)
class AudioFormat:
    """A format: the provider's `code`, the sample rate in hertz, the bit rate in kbit/s or 0."""

    code: str
    codec: str
    sample_rate: int
    bitrate: int

    @classmethod
    def from_code(cls, code: str) -> AudioFormat:
        """Return the format that a code such as `mp3_44100_128` stands for."""
        codec, rate, *bitrate = code.split("_")
        return cls(code=code, codec=codec, sample_rate=int(rate), bitrate=int(bitrate[0]) if bitrate else 0)

    @property
    def mime(self) -> str:
        """The type of the saved file."""
        return _MIMES.get(self.codec, "audio/wav")

    @property
    def has_header(self) -> bool:
        """Whether the provider sends a whole file; otherwise it sends bare samples, which no player opens."""
        return self.codec != "pcm" and self.codec not in _WAV_CODINGS


def find_format(params: AudioParams, codes: Sequence[str]) -> AudioFormat:
    """Return the first format among `codes` that has all the given parameters.

    Raises:
        ValueError: there is none. The message lists what there is.
    """
    formats = [found for found in map(AudioFormat.from_code, codes) if found.codec in _CODECS[params.output_format]]
    for found in formats:
        if params.sample_rate in (None, found.sample_rate) and params.bitrate in (None, found.bitrate):
            return found
    raise ValueError(f"makes {params.output_format} with {'; '.join(_describe(formats))}")


def format_refusal(params: AudioParams, codes: Sequence[str]) -> str:
    """Return why there is no such format among `codes`, or ""."""
    try:
        find_format(params, codes)
    except ValueError as error:
        return str(error)
    return ""


def join_audio(parts: Sequence[bytes], audio_format: AudioFormat, *, channels: int = 1) -> bytes:
    """Return audio that came in parts as one file. Blocking. `channels` is for samples without a header.

    Raises:
        ValueError: the parts do not have this format.
    """
    rate = audio_format.sample_rate
    if audio_format.codec in _WAV_CODINGS:
        return _telephone_wav(b"".join(parts), _WAV_CODINGS[audio_format.codec], rate=rate, channels=channels)
    if audio_format.codec == "pcm":
        whole = (part[: len(part) - len(part) % (_PCM_WIDTH * channels)] for part in parts)
        return wav(b"".join(whole), rate=rate, channels=channels, width=_PCM_WIDTH)
    return concat_audio(parts, audio_format.mime)


def _describe(formats: Sequence[AudioFormat]) -> list[str]:
    """Return each sample rate with the bit rates that it can have."""
    bitrates: dict[int, set[int]] = {}
    for found in formats:
        bitrates.setdefault(found.sample_rate, set()).update({found.bitrate} - {0})
    return [
        f"sample_rate {rate}" + (f" and bitrate {', '.join(map(str, sorted(fitting)))}" if fitting else "")
        for rate, fitting in bitrates.items()
    ]


def _telephone_wav(samples: bytes, coding: int, *, rate: int, channels: int) -> bytes:
    """Return samples of 8 bits as a WAV file; these codings need the longer header and the `fact` chunk."""
    header = struct.pack("<HHIIHHH", coding, channels, rate, rate * channels, channels, 8, 0)
    count = struct.pack("<I", len(samples) // channels)
    padded = samples + bytes(len(samples) % 2)
    chunks = b"".join(
        name + struct.pack("<I", size) + body
        for name, size, body in (
            (b"fmt ", len(header), header),
            (b"fact", len(count), count),
            (b"data", len(samples), padded),
        )
    )
    return b"RIFF" + struct.pack("<I", len(chunks) + 4) + b"WAVE" + chunks
