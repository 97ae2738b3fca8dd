"""Editing: a scene changed as an edit says, and everything else as it was."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from random import Random

from mediasmith_sketch.composition.additions import accent, new_element
from mediasmith_sketch.composition.colour_coverage import looks_alike
from mediasmith_sketch.composition.composer import compose
from mediasmith_sketch.composition.element_colours import kinds_of, recoloured
from mediasmith_sketch.composition.palettes import REGIONS, of_mood, strongest, toned, with_colours, with_regions
from mediasmith_sketch.drawing.layout import band_for
from mediasmith_sketch.drawing.typesetting import settable
from mediasmith_sketch.prompt.parser import Mention, ParsedPrompt, normalized, parse_prompt
from mediasmith_sketch.prompt.vocabulary import KIN
from mediasmith_sketch.random_seed import seeded
from mediasmith_sketch.scene import LONGEST_CAPTION, LONGEST_EDIT, MOST_EDITS, MOST_ELEMENTS, Asked, Element, Scene


@dataclass
class _Editor:
    """The scene while it is being changed, and what the caller should know. `vacant` is what is being replaced."""

    scene: Scene
    roll: Random
    notes: list[str] = field(default_factory=list[str])
    vacant: Element | None = None

    def set(self, **changes: object) -> None:
        """Change fields of the scene."""
        self.scene = self.scene.model_copy(update=changes)

    def meant(self, what: str) -> list[Element]:
        """The elements that are meant: those of this kind, or else of the nearest kin."""
        for name in (what, *KIN.get(what, ())):
            if found := [element for element in self.scene.elements if element.kind in kinds_of(name)]:
                return found
        return []


def edit(scene: Scene, words: str) -> tuple[Scene, list[str]]:
    """The scene after an edit, and what the caller should know: what was not understood and what was done instead."""
    parsed = parse_prompt(words, edit=True)
    editor = _Editor(scene=scene, roll=seeded(scene.seed, scene.edits, words))
    _whole(editor, parsed)
    for mention in parsed.mentions:
        _one(editor, mention, parsed.tone)
    if parsed.title:
        _set_title(editor, parsed.title)
    if parsed.cutout:
        editor.set(cutout=True)
    if looks_alike(scene, editor.scene):
        _stand_in(editor, words)
    kept = (scene.prompts[0], *scene.prompts[1:][1 - MOST_EDITS :], normalized(words)[:LONGEST_EDIT])
    editor.set(edits=scene.edits + 1, prompts=kept)
    return editor.scene, editor.notes


def _whole(editor: _Editor, parsed: ParsedPrompt) -> None:
    """What is about the picture as a whole: time of day, colours that belong to nothing, tone."""
    palette = editor.scene.palette
    mood = strongest(parsed.moods)
    if mood:
        palette = of_mood(mood, editor.roll)
        _time_of_day(editor, mood)
    palette = with_colours(palette, parsed.loose, mood)
    if parsed.tone and not parsed.mentions:
        palette = toned(palette, parsed.tone)
    editor.set(palette=palette)


def _time_of_day(editor: _Editor, mood: str) -> None:
    """By night there are moon and stars, by day a sun."""
    if editor.scene.plan != "outdoors" or mood not in {"night", "day", "dusk", "dawn"}:
        return
    night = mood == "night"
    elements = [
        element.model_copy(update={"kind": "moon" if night else "sun"}) if element.kind in {"sun", "moon"} else element
        for element in editor.scene.elements
        if night or element.kind != "stars"
    ]
    if night and not editor.meant("stars"):
        elements.append(Element(kind="stars", size=1, z=1, seed=editor.roll.randrange(1 << 30)))
    editor.set(elements=tuple(elements))


_REMOVED: Mapping[str, Mapping[str, object]] = {
    "caption": {"captioned": False, "band": 0.0},
    "title": {"title": ""},
    "sky": {"cutout": True},
}
"""What it means to remove something that is no element."""


def _one(editor: _Editor, mention: Mention, tone: str) -> None:
    """Do what an edit says about one thing."""
    meant = editor.meant(mention.what)
    shifted = bool(mention.side) or mention.scale != 1 or bool(mention.colours)
    if mention.verb == "remove" and mention.what in _REMOVED:
        editor.set(**_REMOVED[mention.what])
    elif mention.what == "title":
        return
    elif mention.what in REGIONS and mention.verb != "remove":
        _region(editor, mention, tone)
    elif mention.verb in {"remove", "replace"}:
        _remove(editor, mention, meant)
    elif meant and editor.vacant is None and (mention.verb != "add" or (mention.definite and shifted)):
        _change(editor, mention, meant)
    else:
        _add(editor, mention)


def _region(editor: _Editor, mention: Mention, tone: str) -> None:
    """Sky, ground, water and caption are colours of the palette, and of the scenery that has its own."""
    palette = editor.scene.palette
    colours = mention.colours or ((getattr(toned(palette, tone), REGIONS[mention.what]),) if tone else ())
    if colours:
        editor.set(palette=with_regions(palette, [(mention.what, colours[0])]))
        _change(editor, replace(mention, colours=colours), editor.meant(mention.what))


def _remove(editor: _Editor, mention: Mention, gone: list[Element]) -> None:
    if not gone:
        editor.notes.append(f"There was no {mention.what} to {mention.verb}.")
        return
    if mention.verb == "replace":
        editor.vacant = gone[0]
    lost = [*gone, *(one for one in editor.scene.elements if one.kind == "shine" and mention.what in {"sun", "moon"})]
    kept = [element for element in editor.scene.elements if element not in (gone if editor.vacant else lost)]
    editor.set(elements=tuple(kept))


def _change(editor: _Editor, mention: Mention, meant: list[Element]) -> None:
    """Recolour, resize or move what is there."""
    if mention.side in {"left", "right"} and any(one.stands for one in meant) and _turn_headland(editor, mention.side):
        mention = replace(mention, side="")
        meant = editor.meant(mention.what)
    changed = [_changed(one, mention, editor.scene) if one in meant else one for one in editor.scene.elements]
    editor.set(elements=tuple(changed))


def _turn_headland(editor: _Editor, side: str) -> bool:
    """Move what stands on a headland by turning the headland; False where there is none, or it is there already."""
    flip = side == "right"
    if not any(one.kind == "headland" and one.flip != flip for one in editor.scene.elements):
        return False
    turned = [
        one.model_copy(update={"flip": flip, "x": 1 - one.x}) if one.kind == "headland" or one.stands else one
        for one in editor.scene.elements
    ]
    editor.set(elements=tuple(turned))
    return True


def _changed(element: Element, mention: Mention, scene: Scene) -> Element:
    update: dict[str, object] = {}
    if mention.scale != 1:
        update["size"] = min(1.6, element.size * mention.scale)
    if mention.side in {"left", "right"}:
        step = -0.18 if mention.side == "left" else 0.18
        update["x"] = min(0.94, max(0.06, element.x + step))
    elif mention.side == "middle":
        update["x"] = 0.5
    elif mention.side:
        lower = element.y + (-0.12 if mention.side == "up" else 0.12)
        update |= {"y": min(1.3, max(-0.1, lower)), "stands": False}
    return recoloured(element, mention.colours, scene.palette).model_copy(update=update)


def _add(editor: _Editor, mention: Mention) -> None:
    """Put something new into the picture, in the place of what it replaces or where there is room."""
    if mention.verb == "change":
        editor.notes.append(f"There was no {mention.what}, so one was added.")
    for _ in range(mention.count):
        if len(editor.scene.elements) >= MOST_ELEMENTS:
            editor.notes.append(f"The picture is full: it holds {MOST_ELEMENTS} things.")
            return
        new = new_element(mention, editor.scene, editor.roll, editor.vacant)
        if new is not None:
            editor.set(elements=(*editor.scene.elements, new))
    editor.vacant = None


def _set_title(editor: _Editor, words: str) -> None:
    title = settable(words)[:200]
    if title:
        editor.set(title=title)
    else:
        editor.notes.append("The sketch's font has Latin, Greek and Cyrillic letters only, so the text was not set.")


def _stand_in(editor: _Editor, words: str) -> None:
    """What is done when an edit changed nothing: its words join the caption, and a small accent joins the picture."""
    scene = editor.scene
    added = settable(words) if scene.band else ""
    caption = f"{scene.caption[:LONGEST_CAPTION]} · {added[:LONGEST_EDIT]}" if added else scene.caption
    editor.set(elements=(*scene.elements[: MOST_ELEMENTS - 1], accent(editor.roll)), caption=caption)
    done = "a small accent was added to the picture"
    done = f"its words were added to the caption and {done}" if added else done
    editor.notes.append(f"The sketch could not work out this edit, so {done}.")


def adjusted(scene: Scene, asked: Asked, size: tuple[int, int], index: int = 0) -> Scene:
    """The scene with an edit's parameters: they count where they differ from those it was made with.

    `index` is which of several variants is wanted.
    """
    before = scene.asked
    first = scene.seed if asked.seed is None or asked.seed == before.seed else asked.seed
    seed = (first + index) % (1 << 32)
    if seed != scene.seed or asked.style != before.style:
        scene = _again(scene, seed, asked)
    if size != (scene.width, scene.height) or asked.caption != before.caption:
        captioned = scene.captioned if asked.caption == before.caption else asked.caption
        scene = _rescaled(scene.model_copy(update={"captioned": captioned}), size)
    cutout = scene.cutout if asked.cutout is None else asked.cutout
    return scene.model_copy(update={"asked": asked, "cutout": cutout})


def _rescaled(scene: Scene, size: tuple[int, int]) -> Scene:
    """The scene in another size, or with its caption switched on or off; the caption's band is measured anew."""
    band, beside = band_for(*size, scene.caption if scene.captioned else "", scene.style)
    return scene.model_copy(update={"width": size[0], "height": size[1], "band": band, "beside": beside})


def _again(scene: Scene, seed: int, asked: Asked) -> Scene:
    """The scene composed anew from its prompts, with another seed or style."""
    prompt, *edits = scene.prompts
    fresh = compose(prompt, (scene.width, scene.height), seed, asked)
    for words in edits:
        fresh, _ = edit(fresh, words)
    return fresh
