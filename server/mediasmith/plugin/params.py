"""The words that backends share: each has one type and one meaning everywhere, and is binding or advisory.

A binding word changes what is generated: a backend that lacks it is passed over, or refuses if the caller named it. An
advisory word tunes it: if no backend takes it, or one that is free and comes first does not, it is left out with a
warning. Every option is binding.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field

from mediasmith.plugin.kinds import Role

AspectRatio = Annotated[str, Field(pattern=r"^[1-9][0-9]{0,3}(\.[0-9]{1,2})?:[1-9][0-9]{0,3}(\.[0-9]{1,2})?$")]
"""Width to height as `W:H`."""

IN_PIXELS = re.compile(r"\d+[xX]\d+")
"""A size in pixels, which states the aspect ratio as well."""

Size = Annotated[str, Field(pattern=r"^([1-9][0-9]{1,4}x[1-9][0-9]{1,4}|[1-9][0-9]{2,3}p?|[1-8](\.5)?[Kk])$")]
"""Pixels as `WxH`, or a provider's tier such as `2K` or `1080p`."""

Seed = Annotated[int, Field(ge=0, le=4_294_967_295)]
"""The same seed and arguments give the same result where the backend supports it."""

Count = Annotated[int, Field(ge=1, le=10)]
"""How many files to generate from one prompt."""

Type = Literal["string", "integer", "number", "boolean", "strings"]
"""The JSON type of a word; `strings` is an array of strings."""


@dataclass(frozen=True, kw_only=True)
class Word:
    """A shared word. `about` describes it to callers; the backends' bounds and values are added to that."""

    type: Type
    binding: bool
    about: str


WORDS: Mapping[str, Word] = {
    "aspect_ratio": Word(type="string", binding=True, about="W:H, e.g. 16:9, 9:16, 1:1, 3:2, 21:9."),
    "size": Word(type="string", binding=True, about="WxH in pixels, or 512, 1K, 2K, 4K, 720p, 1080p where offered."),
    "duration": Word(type="number", binding=True, about="Seconds."),
    "quality": Word(type="string", binding=False, about="Output quality."),
    "background": Word(type="string", binding=True, about="Behind the subject."),
    "output_format": Word(type="string", binding=True, about="File format; support varies by backend."),
    "voice": Word(type="string", binding=True, about="Voice name or id; see list_backends."),
    "voices": Word(
        type="strings",
        binding=True,
        about="Dialogue: Name=voice per speaker in the prompt's 'Name: text' lines.",
    ),
    "language": Word(type="string", binding=True, about="Language to speak or dub into: en, de-DE."),
    "instructions": Word(type="string", binding=False, about="How to say it: tone, pace."),
    "speed": Word(type="number", binding=False, about="Speech rate; 1 is normal."),
    "generate_audio": Word(type="boolean", binding=True, about="Video with sound."),
    "seed": Word(type="integer", binding=False, about="Repeats a result where supported."),
    "n": Word(type="integer", binding=True, about="How many."),
}
"""Every shared word by name, in the order callers see them. A word is shared if at least two backends take it."""


@dataclass(frozen=True, kw_only=True)
class InputWord:
    """An argument for input files. `prefixes` give further roles: `style=PATH` is a `style_image`."""

    many: bool
    about: str
    prefixes: Mapping[str, Role]


INPUT_WORDS: Mapping[Role, InputWord] = {
    "image": InputWord(
        many=True,
        about="Reference or source images: path, media:// or https.",
        prefixes={"style": "style_image", "control": "control_image", "subject": "subject_image"},
    ),
    "mask": InputWord(many=False, about="PNG, size of the first image; transparent = edit here.", prefixes={}),
    "first_frame": InputWord(many=False, about="Image the video starts on.", prefixes={}),
    "last_frame": InputWord(many=False, about="Image the video ends on.", prefixes={}),
    "audio": InputWord(many=False, about="Recording to convert, isolate or dub.", prefixes={}),
    "video": InputWord(many=False, about="Video to edit, extend or dub.", prefixes={}),
    "voice_sample": InputWord(many=True, about="Recordings of the voice to clone.", prefixes={}),
}
"""The arguments for input files, by role; always binding."""
