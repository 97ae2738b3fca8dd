"""What callers can ask for, and what input files are for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, get_args

Kind = Literal[
    "image",
    "video",
    "speech",
    "dialogue",
    "music",
    "sound_effect",
    "voice_conversion",
    "audio_isolation",
    "voice_design",
    "voice_clone",
    "dubbing",
]
"""What a caller can ask for."""

KINDS: tuple[Kind, ...] = get_args(Kind)
"""Every kind, in the order they are listed to callers."""

MediaType = Literal["image", "video", "audio"]
"""The family of a file."""

MEDIA_TYPES: Mapping[Kind, MediaType] = {
    kind: "image" if kind == "image" else "video" if kind == "video" else "audio" for kind in KINDS
}
"""The media type of each kind."""

Role = Literal[
    "image",
    "mask",
    "first_frame",
    "last_frame",
    "style_image",
    "control_image",
    "subject_image",
    "audio",
    "video",
    "voice_sample",
]
"""What an input file is for."""

IMAGES = ("image/png", "image/jpeg", "image/webp")
"""The still image types that every part of the server can read."""
