"""Which of the installed languages and speakers a caller means."""

from __future__ import annotations

import difflib
import unicodedata
from collections import Counter
from collections.abc import Mapping
from functools import cache

from mediasmith.errors import Unsuitable
from mediasmith_sketch.voice.espeak import Voice, voices

DEFAULT = "en"
"""The language of words whose letters do not tell it."""

_SHOWN = 40
"""Characters of a caller's own text that a message repeats."""

_WRITTEN: Mapping[str, str] = {
    "ARABIC": "ar",
    "ARMENIAN": "hy",
    "BENGALI": "bn",
    "CJK": "cmn",
    "CYRILLIC": "ru",
    "DEVANAGARI": "hi",
    "ETHIOPIC": "am",
    "GEORGIAN": "ka",
    "GREEK": "el",
    "GUJARATI": "gu",
    "GURMUKHI": "pa",
    "HANGUL": "ko",
    "HEBREW": "he",
    "HIRAGANA": "ja",
    "KANNADA": "kn",
    "KATAKANA": "ja",
    "MALAYALAM": "ml",
    "MYANMAR": "my",
    "ORIYA": "or",
    "SINHALA": "si",
    "TAMIL": "ta",
    "TELUGU": "te",
    "THAI": "th",
}
"""The most spoken language in each script, by the first word of its letters' names."""

_SUBTAGS = 8
"""A tag has fewer parts that mean anything."""

_FAR = 255
"""Further from a tag than any voice that names it."""

_NEAR = 0.65
"""How alike two words must be for the one to be meant by the other; 1 is the same."""

_READS_IDEOGRAPHS = {"cmn", "cmn-latn-pinyin", "hak", "yue"}


def speaker_names() -> list[str]:
    """Every name that `speaker` takes, in the order of the alphabet."""
    return sorted((speaker.name for speaker in voices().speakers), key=str.lower)


def language_tags() -> list[str]:
    """Every language, by its own tag; shorter and longer ones are understood too."""
    return list(dict.fromkeys(language.tags[0][0] for language in voices().languages))


def speaker(name: str) -> Voice:
    """The speaker of this name, in capitals or not.

    Raises:
        Unsuitable: there is none; the message has the nearest name.
    """
    known = {one.name.lower(): one for one in voices().speakers}
    asked = name.strip().lower()
    if asked in known:
        return known[asked]
    shown = name[:_SHOWN]
    if asked in _by_tag():
        raise Unsuitable(f"{shown!r} is a language, not a voice.", "Give it as language; a voice speaks any of them.")
    names = {lower: one.name for lower, one in known.items()}
    raise Unsuitable(f"There is no voice {shown!r} here.", _nearest(asked, names, "voices"))


def choose(tag: str, words: str) -> tuple[Voice, list[str]]:
    """The language to speak, and what the caller should know of it. Without a tag the letters tell it.

    Raises:
        Unsuitable: the language is not spoken here; the message has the nearest one.
    """
    language = _tagged(tag or _written_in(words))
    notes: list[str] = []
    if not tag and language is not _tagged(DEFAULT):
        notes.append(f"No language was given; by its letters this is spoken as {language.name}.")
    if tag and not _is_for(language, tag):
        notes.append(f"There is no voice for {tag[:_SHOWN]}; it is spoken as {language.name}.")
    if language.tags[0][0] not in _READS_IDEOGRAPHS and any(_script(letter) == "CJK" for letter in words):
        notes.append(f"{language.name} has no sounds for Chinese characters; each is spoken as 'Chinese letter'.")
    return language, notes


def _tagged(tag: str) -> Voice:
    """The nearest language to a tag; without a voice for a region, the language as it is spoken elsewhere."""
    known = _by_tag()
    asked = _plain(tag)
    parts = asked.split("-", _SUBTAGS)
    for kept in range(len(parts), 0, -1):
        if found := known.get("-".join(parts[:kept])):
            return found
    names = {one.name.split()[0].lower(): _first(one.tags[0][0]) for one in voices().languages}
    hint = _nearest(asked, {**names, **{one: one for one in known}}, "languages")
    raise Unsuitable(f"The language {tag[:_SHOWN]!r} is not spoken here.", hint)


def _is_for(language: Voice, tag: str) -> bool:
    """Whether a language is for this very tag. One like de-DE says no more than de."""
    asked = _plain(tag)
    own = {known.lower() for known, _ in language.tags}
    return asked in own | {_first(known) for known in own} or asked == f"{_first(asked)}-{_first(asked)}"


def _plain(tag: str) -> str:
    return tag.strip().lower().replace("_", "-")


def _written_in(text: str) -> str:
    """The tag of the language that the letters of a text tell, or of the default language."""
    counts = Counter(_WRITTEN.get(_script(letter), DEFAULT) for letter in text if letter.isalpha())
    likely = counts.most_common(1)[0][0] if counts else DEFAULT
    return "ja" if likely == "cmn" and "ja" in counts else likely  # Japanese has both, Chinese no kana


def _script(letter: str) -> str:
    return unicodedata.name(letter, "").partition(" ")[0] if letter > "\x7f" else ""


@cache
def _by_tag() -> Mapping[str, Voice]:
    """The nearest voice for each tag, the first listed among equals. A language without a region has one too."""
    found: dict[str, tuple[int, Voice]] = {}
    for voice in voices().languages:
        for tag, distance in (*voice.tags, (_first(voice.tags[0][0]), _FAR)):
            if distance < found.get(tag.lower(), (_FAR + 1, voice))[0]:
                found[tag.lower()] = (distance, voice)
    return {tag: voice for tag, (_, voice) in found.items()}


def _first(tag: str) -> str:
    return tag.partition("-")[0]


def _nearest(asked: str, names: Mapping[str, str], what: str) -> str:
    near = difflib.get_close_matches(asked[:_SHOWN], names, n=1, cutoff=_NEAR)
    meant = "".join(f"Did you mean {names[one]}? " for one in near)
    return f"{meant}list_backends(backend) names all {what}."
