"""The things that a prompt names and the sketch does not know: the nouns among the words that mean nothing to it.

There is no grammar here. In English, the last word before a break is the thing and those before it describe it; endings
and short lists tell most other words from things. In other languages, every word that means nothing is named.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Sequence

from mediasmith_sketch.prompt.vocabulary import BREAKS, COUNTS, ONCE, SIDES, SIZES, STUDIO, TONES, VERBS, word_set

_MOST, _LONGEST = 5, 24  # things that are named, and letters of each

_FUNCTION = word_set("""
    i you he she it we they me him us them who whom whose which that this these those what where when why how
    there here and or but nor so if then than because although though until since during after before about like
    of off out up down not just only also very too quite rather really more most less least much many some any all
    each every both either neither own same such other another again once ever never always often still yet
    already now today soon away is am are was were be been being do does did done has have had will would can
    could shall should may might must let lets please want need try use using made making based including
    featuring showing shows set seen full half past north south east west northern southern eastern western within
    without upon among toward towards via per plus amid amidst alongside atop underneath beyond except
""")
"""English words that name nothing."""

_FOREIGN = word_set("""
    ein eine einen einem einer eines der die das den dem des im und mit auf über unter vor hinter bei von zu ohne un une
    le la les l d du des et sur sous dans avec au aux sans el los las una unos unas y en con sobre del al sin il
    lo gli uno e di da nel nella sul sulla o os um uma na com em
""")
"""Words that name nothing, in the languages that most other prompts are in."""

_STYLE = word_set("""
    photo photos photograph picture pictures image images illustration drawing painting sketch artwork art render
    rendering scene view shot close closeup wide angle lens style styled mode version design composition concept
    photorealistic realistic hyperrealistic cinematic dramatic aesthetic majestic epic fantastic artistic detailed
    detail details quality resolution hd uhd ultra masterpiece lighting light lights shadow shadows colour color
    colours colors tone tones mood atmosphere foreground centre center side front back top bottom left right part
    piece kind poster lot lots bit way beautiful stunning gorgeous lovely pretty nice modern simple elegant clean
    crisp sharp happy sad old new young tall wild open empty busy quiet watercolor watercolour oil acrylic pencil
    ink anime cartoon comic
""")
"""Words about how a picture is made or looks."""

_ACTIONS = word_set("""
    play plays run runs fly flies sit sits stand stands walk walks look looks go goes come comes jump jumps swim
    swims ride rides hold holds hang hangs eat eats drink drinks sleep sleeps shine shines rise rises fall falls
    float floats sail sails pass passes cross crosses drive drives climb climbs dance dances sing sings read reads
    watch watches wear wears carry carries lie lies grow grows blow blows burn burns glow glows wait waits see
    sees catch catches throw throws say says said take takes keep keeps give gives zoom zooms pan pans tilt tilts
    pull pulls push pushes turn turns touch touches cover covers fill fills surround surrounds face faces
""")

_DESCRIBES = re.compile(r".{2,}(?:ing|ed|ly|ful|ous|ive|less|able|ible|ish|esque)")
_THINGS = word_set("""
    ring wedding painting string spring wing swing king thing ceiling clothing earring lightning pudding dumpling
    duckling gosling bed sled seed weed reed shed butterfly dragonfly firefly family jelly belly fly lily bully
    olive hive dive fish dish radish goldfish jellyfish starfish table cable stable vegetable bible mouthful
""")
"""Things that end like a description."""

_READ = frozenset({*BREAKS, *COUNTS, *ONCE, *SIDES, *SIZES, *STUDIO, *TONES, *VERBS, "table"})
_IS = frozenset({"is", "are", "was", "were", "be", "looks"})


def unread_things(tokens: Sequence[str], unread: Collection[int], known: Collection[int]) -> tuple[str, ...]:
    """Return the things at these places of a prompt, of which no meaning is known.

    `unread` are the places of words that mean nothing, `known` those where a known thing begins.
    """
    things = {at for at in unread if _is_thing(tokens[at]) and (at == 0 or tokens[at - 1] not in _IS)}
    # In English, what stands before another thing describes it.
    english = _is_english(tokens)
    last = [at for at in sorted(things) if not english or (at + 1 not in things and at + 1 not in known)]
    return tuple(dict.fromkeys(_shorten(tokens[at]) for at in last))[:_MOST]


def _is_english(tokens: Sequence[str]) -> bool:
    """Return whether a prompt may be in English: it says so, or has no word that is not."""
    if not _FUNCTION.isdisjoint(tokens) or not BREAKS.isdisjoint(tokens):
        return True
    return _FOREIGN.isdisjoint(tokens) and all(map(str.isascii, tokens))


def _is_thing(word: str) -> bool:
    if not all(unicodedata.category(sign)[0] in "LM" for sign in word):  # letters and their marks
        return False
    if len(word) < _shortest(word):
        return False
    if word in _FUNCTION or word in _FOREIGN or word in _STYLE or word in _ACTIONS or word in _READ:
        return False
    return word in _THINGS or not _DESCRIBES.fullmatch(word)


def _shortest(word: str) -> int:
    """Return how many letters a thing has at least in the script of this word."""
    if word.isascii():
        return 3
    has_cases = word.upper() != word
    return 2 if has_cases else 1  # in Chinese, one sign may be a thing


def _shorten(word: str) -> str:
    return word if len(word) <= _LONGEST else f"{word[:_LONGEST]}…"
