"""What a prompt names and its picture does not show."""

from __future__ import annotations

from collections.abc import Sequence

from mediasmith_sketch.drawing.figures import FIGURES
from mediasmith_sketch.prompt.parser import parse_prompt
from mediasmith_sketch.scene import Scene

NO_FONT_FOR_CAPTION = "The caption was left out: no font on this machine has all of its letters."
NO_FONT_FOR_TEXT = "The text was not set: no font on this machine has all of its letters."

_STAND_INS = {"portrait": {"person"}, "man": {"person", "portrait"}, "person": {"portrait"}, "flower": {"meadow"}}


def notes_of(scene: Scene, prompt: str) -> list[str]:
    """Return notes for the caller on a scene that was composed from this prompt."""
    parsed = parse_prompt(prompt)
    drawn = {element.kind for element in scene.elements}
    wanted = [mention.what for mention in parsed.mentions if mention.verb != "remove" and mention.what in FIGURES]
    letters = any(map(str.isalnum, prompt))
    fontless = [NO_FONT_FOR_CAPTION] if scene.captioned and letters and not scene.caption else []
    fontless += [NO_FONT_FOR_TEXT] if parsed.title and not scene.title else []
    missing = [what for what in wanted if drawn.isdisjoint({what, *_STAND_INS.get(what, ())})]
    return [*notes_on_left_out((*parsed.unread, *dict.fromkeys(missing))), *fontless]


def notes_on_left_out(things: Sequence[str]) -> list[str]:
    """Return a note that names these things; none if there are none."""
    named = ", ".join(things)
    return [f"This was drawn without: {named}. A sketch shows what it knows and has room for."] if things else []
