"""Editing: a scene changed as an edit says, and everything else as it was."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from random import Random

from mediasmith_sketch.composition.additions import accent, new_element
from mediasmith_sketch.composition.captions import caption_after
from mediasmith_sketch.composition.colour_coverage import looks_alike
from mediasmith_sketch.composition.composer import compose
from mediasmith_sketch.composition.element_colours import kinds_of, recoloured
from mediasmith_sketch.composition.left_out import NO_FONT_FOR_TEXT, notes_on_left_out
from mediasmith_sketch.composition.palettes import REGIONS, of_mood, strongest, toned, with_colours, with_regions
from mediasmith_sketch.drawing.layout import band_for
from mediasmith_sketch.drawing.typesetting import settable
from mediasmith_sketch.prompt.parser import Mention, ParsedPrompt, normalized, parse_prompt
from mediasmith_sketch.prompt.vocabulary import KIN
from mediasmith_sketch.random_seed import seeded
from mediasmith_sketch.scene import LONGEST_EDIT, MOST_EDITS, MOST_ELEMENTS, Asked, Element, Scene

_REMOVED: Mapping[str, Mapping[str, object]] = {
    "caption": {"captioned": False, "band": 0.0},
    "title": {"title": ""},
    "sky": {"cutout": True},
}
"""The fields of a scene that change if something is removed that is no element."""


def edit(scene: Scene, words: str) -> tuple[Scene, list[str]]:
    """Return the scene after an edit, and notes for the caller: what was not understood and what was done instead."""
    parsed = parse_prompt(words, edit=True)
    editor = _Editor(scene=scene, roll=seeded(scene.seed, scene.edits, words))
    editor.change_palette(parsed)
    for mention in parsed.mentions:
        editor.apply(mention, parsed.tone)
    if parsed.title:
        editor.set_title(parsed.title)
    if parsed.cutout:
        editor.set(cutout=True)
    if looks_alike(scene, editor.scene):
        editor.add_accent(words)
    else:
        editor.notes += notes_on_left_out(parsed.unread)
    if not any(mention.what in {"caption", "title"} for mention in parsed.mentions) and not parsed.title:
        editor.set(caption=caption_after(scene, normalized(words)))
    kept = (scene.prompts[0], *scene.prompts[1:][1 - MOST_EDITS :], normalized(words)[:LONGEST_EDIT])
    editor.set(edits=scene.edits + 1, prompts=kept)
    return editor.scene, editor.notes


@dataclass
class _Editor:
    """The scene while it is being changed, and notes for the caller. `vacant` is what is being replaced."""

    scene: Scene
    roll: Random
    notes: list[str] = field(default_factory=list[str])
    vacant: Element | None = None

    def set(self, **changes: object) -> None:
        """Change fields of the scene."""
        self.scene = self.scene.model_copy(update=changes)

    def _set_elements(self, elements: Sequence[Element]) -> None:
        self.set(elements=tuple(elements))

    def _meant(self, what: str) -> list[Element]:
        """Return the elements that are meant: those of this kind, or else of the nearest kin."""
        for name in (what, *KIN.get(what, ())):
            if found := [element for element in self.scene.elements if element.kind in kinds_of(name)]:
                return found
        return []

    def change_palette(self, parsed: ParsedPrompt) -> None:
        """Apply what is about the picture as a whole: time of day, colours that belong to nothing, tone."""
        palette = self.scene.palette
        mood = strongest(parsed.moods)
        if mood:
            palette = of_mood(mood, self.roll)
            self._set_time_of_day(mood)
        palette = with_colours(palette, parsed.loose, mood)
        if parsed.tone and not parsed.mentions:
            palette = toned(palette, parsed.tone)
        self.set(palette=palette)

    def _set_time_of_day(self, mood: str) -> None:
        """Show moon and stars by night, a sun by day."""
        if self.scene.plan != "outdoors" or mood not in {"night", "day", "dusk", "dawn"}:
            return
        night = mood == "night"
        elements = [
            one.model_copy(update={"kind": "moon" if night else "sun"}) if one.kind in {"sun", "moon"} else one
            for one in self.scene.elements
            if night or one.kind != "stars"
        ]
        if night and not self._meant("stars"):
            elements.append(Element(kind="stars", size=1, z=1, seed=self.roll.randrange(1 << 30)))
        self._set_elements(elements)

    def apply(self, mention: Mention, tone: str) -> None:
        """Do what an edit says about one thing."""
        meant = self._meant(mention.what)
        shifted = bool(mention.side) or mention.scale != 1 or bool(mention.colours)
        if mention.verb == "remove" and mention.what in _REMOVED:
            self.set(**_REMOVED[mention.what])
        elif mention.what == "title":
            return
        elif mention.what in REGIONS and mention.verb != "remove":
            self._recolour_region(mention, meant, tone)
        elif mention.verb in {"remove", "replace"}:
            self._remove(mention, meant)
        elif meant and self.vacant is None and (mention.verb != "add" or (mention.definite and shifted)):
            self._change(mention, meant)
        else:
            self._add(mention)

    def _recolour_region(self, mention: Mention, meant: list[Element], tone: str) -> None:
        """Recolour sky, ground, water or caption in the palette, and the scenery that has such a colour of its own."""
        palette = self.scene.palette
        colours = mention.colours or ((getattr(toned(palette, tone), REGIONS[mention.what]),) if tone else ())
        if colours:
            self.set(palette=with_regions(palette, [(mention.what, colours[0])]))
            self._change(replace(mention, colours=colours), meant)

    def _remove(self, mention: Mention, gone: list[Element]) -> None:
        """Remove elements; the light on the water goes along with sun and moon, unless they are replaced."""
        if not gone:
            self.notes.append(f"There was no {mention.what} to {mention.verb}.")
            return
        if mention.verb == "replace":
            self.vacant = gone[0]
        shine = mention.what in {"sun", "moon"} and not self.vacant
        self._set_elements(
            [one for one in self.scene.elements if one not in gone and not (shine and one.kind == "shine")]
        )

    def _change(self, mention: Mention, meant: list[Element]) -> None:
        """Recolour, resize or move what is there. What stands on a headland moves by turning the headland."""
        elements = self.scene.elements
        flip = mention.side == "right"
        turns = mention.side in {"left", "right"} and any(one.stands for one in meant)
        if turns and any(one.kind == "headland" and one.flip != flip for one in elements):
            turned = [
                one.model_copy(update={"flip": flip, "x": 1 - one.x}) if one.kind == "headland" or one.stands else one
                for one in elements
            ]
            self._set_elements(turned)
            elements, mention, meant = self.scene.elements, replace(mention, side=""), self._meant(mention.what)
        self._set_elements([self._changed(one, mention) if one in meant else one for one in elements])

    def _changed(self, element: Element, mention: Mention) -> Element:
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
        return recoloured(element, mention.colours, self.scene.palette).model_copy(update=update)

    def _add(self, mention: Mention) -> None:
        """Put something new into the picture, in the place of what it replaces or where there is room."""
        if mention.verb == "change":
            self.notes.append(f"There was no {mention.what}, so one was added.")
        for _ in range(mention.count):
            if len(self.scene.elements) >= MOST_ELEMENTS:
                self.notes.append(f"The picture is full: it holds at most {MOST_ELEMENTS} things.")
                return
            new = new_element(mention, self.scene, self.roll, self.vacant)
            if new is not None:
                self._set_elements([*self.scene.elements, new])
        self.vacant = None

    def set_title(self, words: str) -> None:
        """Set words in the picture itself, if a font has their letters."""
        title = settable(words)[:200]
        if title:
            self.set(title=title)
        else:
            self.notes.append(NO_FONT_FOR_TEXT)

    def add_accent(self, words: str) -> None:
        """Add a small accent to the picture, for an edit that changed nothing but the caption."""
        self.set(elements=(*self.scene.elements[: MOST_ELEMENTS - 1], accent(self.roll)))
        added = self.scene.band and settable(words)
        done = "its words were added to the caption and a small accent" if added else "a small accent was added"
        self.notes.append(f"The sketch did not understand this edit, so {done} to the picture.")


def adjusted(scene: Scene, asked: Asked, size: tuple[int, int], index: int = 0) -> Scene:
    """Return the scene with an edit's parameters, which count if they differ from those it was composed with.

    `index` is the number of the variant, from 0.
    """
    before = scene.asked
    first = scene.seed if asked.seed is None or asked.seed == before.seed else asked.seed
    seed = (first + index) % (1 << 32)
    if seed != scene.seed or asked.style != before.style:
        scene = _recomposed(scene, seed, asked)
    if size != (scene.width, scene.height) or asked.caption != before.caption:
        captioned = scene.captioned if asked.caption == before.caption else asked.caption
        band, beside = band_for(*size, scene.caption if captioned else "", scene.style)
        update = {"captioned": captioned, "width": size[0], "height": size[1], "band": band, "beside": beside}
        scene = scene.model_copy(update=update)
    cutout = scene.cutout if asked.cutout is None else asked.cutout
    return scene.model_copy(update={"asked": asked, "cutout": cutout})


def _recomposed(scene: Scene, seed: int, asked: Asked) -> Scene:
    """Return the scene composed once more from its prompts, with another seed or style."""
    prompt, *edits = scene.prompts
    fresh = compose(prompt, (scene.width, scene.height), seed, asked)
    for words in edits:
        fresh, _ = edit(fresh, words)
    return fresh
