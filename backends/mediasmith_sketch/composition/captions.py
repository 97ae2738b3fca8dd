"""The caption: the prompt below its picture, and the words of edits behind it."""

from __future__ import annotations

from mediasmith_sketch.drawing.fonts import own_face
from mediasmith_sketch.drawing.layout import caption_fits
from mediasmith_sketch.drawing.typesetting import settable
from mediasmith_sketch.scene import LONGEST_CAPTION, LONGEST_EDIT, Scene

_FEW = (60, 40, 20)
"""Characters of a caption that are kept where more leaves no room for the words of an edit."""


def caption_of(prompt: str) -> str:
    """Return the caption of a prompt; "" where no font has its letters."""
    words = _shorten(settable(prompt), LONGEST_CAPTION)
    capital = words[:1].upper()
    # Scripts of other fonts have no capitals, or use them otherwise.
    return capital + words[1:] if all(map(own_face().has, words[:1] + capital)) else words


def caption_after(scene: Scene, words: str) -> str:
    """Return the caption of a scene after an edit with these words, in the room that there is for one."""
    added = settable(words)[:LONGEST_EDIT]
    if not added or not scene.caption:
        return scene.caption
    first = caption_of(scene.prompts[0])
    for before in (scene.caption, f"{first} · …", *(_shorten(first, most) for most in _FEW)):
        caption = f"{before} · {added}"
        if len(caption) <= LONGEST_CAPTION and settable(caption) and caption_fits(scene, caption):
            return caption
    return added


def _shorten(words: str, most: int) -> str:
    return words if len(words) <= most else words[:most].rsplit(" ", 1)[0] + "…"
