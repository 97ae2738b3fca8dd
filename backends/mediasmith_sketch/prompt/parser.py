"""Reading a prompt or an edit: what it names, in which colours, how many, how large, where."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from mediasmith_sketch.prompt.phrases import colour_at, phrase_at, tokens_of
from mediasmith_sketch.prompt.quoted_text import quoted_text
from mediasmith_sketch.prompt.unread_words import unread_things
from mediasmith_sketch.prompt.vocabulary import (
    BREAKS,
    COPULAS,
    COUNTS,
    MAIN_PARTS,
    MOODS,
    NOUNS,
    ONCE,
    OWN_COLOURS,
    SEVERAL,
    SIDES,
    SIZES,
    STUDIO,
    TONES,
    TRIM_PARTS,
    VERBS,
    Verb,
)  # fmt: skip

_LONGEST = 4000  # characters that are read; more would only name more than fits
_CUTOUT = re.compile(r"\b(transparent|cut ?out|sticker|no background|without (?:a )?background)\b", re.IGNORECASE)
_PEOPLE = {"portrait", "man"}
_PATTERNS = {"tiles", "arches", "orbits"}  # they are made of all colours, so they take none


@dataclass(frozen=True, kw_only=True)
class Mention:
    """One thing that is named.

    `what` is a meaning of `vocabulary.NOUNS`, `scale` is relative to its usual size. `colours` are its main one and
    the second one; an empty one was not named. A `definite` thing came with "the".
    """

    what: str
    colours: tuple[str, ...] = ()
    count: int = 1
    scale: float = 1
    side: str = ""
    verb: Verb = ""
    definite: bool = False


@dataclass(frozen=True, kw_only=True)
class ParsedPrompt:
    """What a text says.

    `colours` are all it names, `loose` those that belong to no thing it names. `moods` are named outright, `implied`
    ones come from things. `tone` is asked of all colours, `title` is to be set in the picture. `studio` asks for a
    thing by itself, `cutout` for one without any ground. `unread` are things that it names and the vocabulary lacks.
    """

    mentions: tuple[Mention, ...]
    colours: tuple[str, ...]
    loose: tuple[str, ...]
    moods: tuple[str, ...]
    implied: tuple[str, ...]
    tone: str
    title: str
    studio: bool
    cutout: bool
    unread: tuple[str, ...]


def normalized(text: str) -> str:
    """Return the text in Unicode's composed form with single spaces, without halves of surrogate pairs."""
    whole = text.encode("utf-8", "ignore").decode()
    return " ".join(unicodedata.normalize("NFC", whole).split())


def parse_prompt(text: str, *, edit: bool = False) -> ParsedPrompt:
    """Return what a prompt or an edit says."""
    text = normalized(text)[:_LONGEST]
    title = quoted_text(text, edit=edit)
    spoken = text.replace(title, " ") if title else text
    parser = _Parser(tokens=tokens_of(spoken))
    parser.run()
    return ParsedPrompt(
        mentions=tuple(parser.mentions),
        colours=_unique(parser.colours),
        loose=_unique(parser.loose),
        moods=_unique(parser.moods),
        implied=_unique(parser.implied),
        tone=parser.tone,
        title=title,
        studio=not STUDIO.isdisjoint(parser.tokens),
        cutout=bool(_CUTOUT.search(spoken)),
        unread=unread_things(parser.tokens, parser.unread, parser.known),
    )


def _unique(words: Sequence[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(words))


@dataclass
class _Parser:
    """What was read so far, from left to right, and what is kept for the next thing."""

    tokens: Sequence[str]
    mentions: list[Mention] = field(default_factory=list[Mention])
    colours: list[str] = field(default_factory=list[str])
    loose: list[str] = field(default_factory=list[str])
    moods: list[str] = field(default_factory=list[str])
    implied: list[str] = field(default_factory=list[str])
    tone: str = ""
    verb: Verb = ""
    pending: list[str] = field(default_factory=list[str])  # colours for the next thing
    parted: bool = False  # a comma came after them
    behind: bool = False  # the next colour is for the last thing
    once: bool = False  # the verb is about the next thing only, as "without" is
    into: bool = False  # "turn the boat into …"
    described: bool = False  # "make the red boat …": a colour that is there already
    coming: Mention = field(default_factory=lambda: Mention(what=""))
    known: list[int] = field(default_factory=list[int])  # where known things begin, and unknown words
    unread: list[int] = field(default_factory=list[int])

    def run(self) -> None:
        """Read everything."""
        at = 0
        while at < len(self.tokens):
            at += self._step(at)
        self._release_colours()

    def _step(self, at: int) -> int:
        """Read one word or phrase, and return how many words it was."""
        colour, length = colour_at(self.tokens, at)
        if colour:
            after = at + length
            self._colour(colour, leads=after < len(self.tokens) and phrase_at(self.tokens, after)[0] in NOUNS)
            return length
        phrase, length = phrase_at(self.tokens, at)
        if phrase in NOUNS:
            self.known.append(at)
            self.implied += [MOODS[phrase]] if phrase in MOODS else []
            self._noun(phrase, plural=not " ".join(self.tokens[at : at + length]).endswith(phrase))
        elif phrase in MOODS:
            self.moods.append(MOODS[phrase])
        else:
            self.unread.append(at)
            self._word(phrase)
        return length

    def _change_last(self, **changes: object) -> None:
        """Change what is known of the last thing, or of the next one if there is none yet."""
        if self.mentions:
            self.mentions[-1] = replace(self.mentions[-1], **changes)
        else:
            self.coming = replace(self.coming, **changes)

    def _colour(self, colour: str, *, leads: bool) -> None:
        """Read a colour: for the thing before it if the words say so, else for the next one."""
        self.colours.append(colour)
        self.into = False
        if not self.mentions or leads or not (self.behind or self.verb == "change"):
            self.pending.append(colour)
            self.parted = False
            return
        last = self.mentions[-1]
        bare = [at for at, one in enumerate(self.mentions) if one.verb == "change" and not one.colours]
        self._change_last(colours=(colour,) if self.described else (*last.colours, colour))
        for at in bare:
            self.mentions[at] = replace(self.mentions[at], colours=(colour,))
        # A person has one main colour; what else is named is for the picture.
        self.behind, self.described = last.what not in _PEOPLE, False

    def _noun(self, phrase: str, *, plural: bool) -> None:
        """Read a thing: it takes the colours, the number and the size before it."""
        if self.parted or NOUNS[phrase] in _PATTERNS:
            self._release_colours()
        own = (OWN_COLOURS[phrase],) if phrase in OWN_COLOURS else ()
        colours = tuple(self.pending[:2]) or own
        self.described = bool(self.pending) and self.verb == "change"
        self.pending = self.pending[2:]
        if self.into and self.mentions:
            self._change_last(verb="replace")
            self.verb = "add"
        count = self.coming.count if self.coming.count > 1 else SEVERAL.get(phrase, 3 if plural else 1)
        thing = replace(self.coming, what=NOUNS[phrase], colours=colours, count=count, verb=self.verb)
        if not self._renames(thing):
            self.mentions.append(thing)
        self.coming, self.behind, self.into = Mention(what=""), False, False
        self.verb, self.once = "" if self.once else self.verb, False

    def _renames(self, thing: Mention) -> bool:
        """Return whether this is the thing just named in other words, as in "a portrait of a woman"."""
        last = self.mentions[-1] if self.mentions else None
        if last is None or last.verb != thing.verb or thing.count > 1 or (last.colours and thing.colours):
            return False
        if last.what != thing.what and not {last.what, thing.what} <= _PEOPLE:
            return False
        self._change_last(what=thing.what, colours=last.colours or thing.colours)
        return True

    def _word(self, word: str) -> None:
        """Read any other word."""
        self.tone = TONES.get(word, self.tone)
        self._verb(word)
        self.behind = (word in COPULAS and bool(self.mentions)) or (self.behind and word == "and")
        if word in COUNTS or word.isdecimal():
            self.coming = replace(self.coming, count=min(12, COUNTS.get(word) or int(word[:3]) or 1))
        elif word in SIZES and word.endswith("er") and self.mentions and self.verb == "change":
            self._change_last(scale=SIZES[word])  # a comparison after a thing is about that thing
        elif word in SIZES:
            self.coming = replace(self.coming, scale=SIZES[word])
        elif word in SIDES:
            self.into = False
            self._change_last(side=SIDES[word])
        elif word in MAIN_PARTS or word in TRIM_PARTS:
            self._part(second=word in TRIM_PARTS)
        elif word in BREAKS:
            self._release_colours()
            self.coming = replace(self.coming, definite=word == "the")
        elif word in ",;:.":
            self.parted = True
            self.verb = self.verb if word == "," else ""

    def _verb(self, word: str) -> None:
        if word in VERBS:
            self._release_colours()
            self.verb, self.once = VERBS[word], word in ONCE
        if self.verb == "replace" and word in {"with", "by", "for"}:
            self.verb = "add"
        if word in {"into", "to"} and self.verb == "change" and self.mentions and not self.mentions[-1].colours:
            self.into = True

    def _release_colours(self) -> None:
        """Leave the colours that found no thing loose."""
        self.loose += self.pending
        self.pending, self.parted = [], False

    def _part(self, *, second: bool) -> None:
        """Give a part of the last thing the colour before it."""
        if self.mentions and self.pending:
            colour, colours = self.pending.pop(), self.mentions[-1].colours
            main = colours[0] if colours else ""
            self._change_last(colours=(main, colour) if second else (colour, *colours[1:]))
