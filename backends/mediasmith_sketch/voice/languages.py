"""Which of the installed languages and speakers a caller means."""

from __future__ import annotations

import difflib
import unicodedata
from collections import Counter
from collections.abc import Mapping
from functools import cache

from mediasmith.plugin.errors import Unsuitable
from mediasmith_sketch.voice.espeak import Voice, voices

_DEFAULT = "en"
"""The language of words whose letters do not tell it."""

_PAIRS = """
ARABIC ar ARMENIAN hy BENGALI bn CJK cmn CYRILLIC ru DEVANAGARI hi ETHIOPIC am GEORGIAN ka GREEK el GUJARATI gu
GURMUKHI pa HANGUL ko HEBREW he HIRAGANA ja KANNADA kn KATAKANA ja MALAYALAM ml MYANMAR my ORIYA or SINHALA si
TAMIL ta TELUGU te THAI th
"""
_words = _PAIRS.split()
_SCRIPTS: Mapping[str, str] = dict(zip(_words[::2], _words[1::2], strict=True))
"""The most spoken language in each script, by the first word of its letters' Unicode names."""

_READS_IDEOGRAPHS = {"cmn", "cmn-latn-pinyin", "hak", "yue"}
_SHOWN = 40  # characters of a caller's own text that a message repeats
_SUBTAGS = 8  # a tag has fewer parts that mean anything
_FAR = 255  # further from a tag than any voice that names it
_NEARLY_ALL = 0.9  # of the letters of a text, which may have a few of other scripts
_SIMILAR = 0.65  # how alike a misspelt word and the one that is meant must be; 1 is the same


def speaker_names() -> list[str]:
    """Return every name that `speaker` takes, in alphabetical order."""
    return sorted((speaker.name for speaker in voices().speakers), key=str.lower)


def language_tags() -> list[str]:
    """Return every language, by its own tag; shorter and longer ones are understood too."""
    return list(dict.fromkeys(language.tag for language in voices().languages))


def speaker(name: str) -> Voice:
    """Return the speaker of this name, in any case.

    Raises:
        Unsuitable: there is none; the hint has the nearest name.
    """
    known = {one.name.lower(): one for one in voices().speakers}
    asked = name.strip().lower()
    if asked in known:
        return known[asked]
    if asked in _by_tag():
        hint = "Give it as language; a voice speaks any of them."
        raise Unsuitable(f"{name[:_SHOWN]!r} is a language, not a voice.", hint)
    hint = _suggestion(asked, {lower: one.name for lower, one in known.items()}, "voices")
    raise Unsuitable(f"There is no voice {name[:_SHOWN]!r} here.", hint)


def is_english(tag: str, words: str) -> bool:
    """Return whether to take words as English: by the tag, if there is one, and as nearly all letters are Latin."""
    letters = list(filter(str.isalpha, words))
    latin = sum(letter <= "\x7f" or _script(letter) == "LATIN" for letter in letters)
    return _first(plain(tag) or _DEFAULT) == _DEFAULT and latin >= _NEARLY_ALL * len(letters)


def choose(tag: str, words: str) -> tuple[Voice, list[str]]:
    """Return the language to speak, and notes for the caller. Without a tag, the letters of the words decide.

    Raises:
        Unsuitable: the language is not spoken here; the hint has the nearest one.
    """
    language = _tagged(tag or _written_in(words))
    notes: list[str] = []
    if not tag and language is not _tagged(_DEFAULT):
        notes.append(f"No language was given; judging by its letters, this is spoken as {language.name}.")
    if tag and not _is_for(language, tag):
        notes.append(f"There is no voice for {tag[:_SHOWN]}; it is spoken as {language.name}.")
    if language.tag not in _READS_IDEOGRAPHS and any(_script(letter) == "CJK" for letter in words):
        notes.append(f"{language.name} has no sounds for Chinese characters; each is spoken as 'Chinese letter'.")
    return language, notes


def _tagged(tag: str) -> Voice:
    """Return the nearest language to a tag; without a voice for a region, the language as it is spoken elsewhere."""
    known, asked = _by_tag(), plain(tag)
    parts = asked.split("-", _SUBTAGS)
    for kept in range(len(parts), 0, -1):
        if found := known.get("-".join(parts[:kept])):
            return found
    names = {one.name.split()[0].lower(): _first(one.tag) for one in voices().languages}
    hint = _suggestion(asked, {**names, **{one: one for one in known}}, "languages")
    raise Unsuitable(f"The language {tag[:_SHOWN]!r} is not spoken here.", hint)


def _is_for(language: Voice, tag: str) -> bool:
    """Return whether a language is for this very tag. One like de-DE says no more than de."""
    asked = plain(tag)
    own = {known.lower() for known, _ in language.tags}
    return asked in own | {_first(known) for known in own} or asked == f"{_first(asked)}-{_first(asked)}"


def plain(tag: str) -> str:
    """Return a tag as it is compared: in lower case, with hyphens."""
    return tag.strip().lower().replace("_", "-")


def _written_in(text: str) -> str:
    """Return the tag of the language that the letters of a text suggest, or of the default language."""
    counts = Counter(_SCRIPTS.get(_script(letter), _DEFAULT) for letter in text if letter.isalpha())
    likely = counts.most_common(1)[0][0] if counts else _DEFAULT
    return "ja" if likely == "cmn" and "ja" in counts else likely  # Japanese has both, Chinese no kana


def _script(letter: str) -> str:
    return unicodedata.name(letter, "").partition(" ")[0] if letter > "\x7f" else ""


@cache
def _by_tag() -> Mapping[str, Voice]:
    """Return the nearest voice for each tag, the first among equals. A language without a region has one too."""
    offers = [
        (distance, tag.lower(), voice)
        for voice in voices().languages
        for tag, distance in (*voice.tags, (_first(voice.tag), _FAR))
    ]
    found: dict[str, Voice] = {}
    for _, tag, voice in sorted(offers, key=lambda offer: offer[0]):
        found.setdefault(tag, voice)
    return found


def _first(tag: str) -> str:
    return tag.partition("-")[0]


def _suggestion(asked: str, names: Mapping[str, str], what: str) -> str:
    near = difflib.get_close_matches(asked[:_SHOWN], names, n=1, cutoff=_SIMILAR)
    meant = "".join(f"Did you mean {names[one]}? " for one in near)
    return f"{meant}list_backends with this backend lists all {what}."
