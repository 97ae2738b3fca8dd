"""Edits of a sketch, and the state they continue from."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from mediasmith.plugin.contract import Result
from mediasmith_sketch.composition.editor import edit
from mediasmith_sketch.drawing.colour import distance, lightness
from mediasmith_sketch.drawing.layout import lay_out
from mediasmith_sketch.drawing.renderer import render
from mediasmith_sketch.prompt.colour_names import COLOURS
from mediasmith_sketch.scene import MOST_EDITS, Element, Scene
from sketch.pictures import LIGHTHOUSE, Notes, boxes, draw, kept, make, opened, pixels, share_of, state_of


@pytest.fixture(scope="module")
async def lighthouse() -> Result:
    """A picture that many tests edit."""
    return await make(LIGHTHOUSE)


async def test_the_state_redraws_the_picture_and_is_small_json(lighthouse: Result) -> None:
    stored = state_of(lighthouse).model_dump_json()
    assert render(Scene.model_validate_json(stored)).tobytes() == opened(lighthouse.outputs[0]).tobytes()
    assert len(stored) < 4000


async def test_the_state_stays_small_whatever_is_asked() -> None:
    state: Scene | None = None
    notes = Notes()
    for words in ("Ж" * 9000 + " boats" * 300, *(f"add 12 boats, {'Щ' * 900} {at}" for at in range(MOST_EDITS + 3))):
        state = state_of(await make(words, state=state, notes=notes, size="64x64"))
    assert state
    assert len(state.model_dump_json().encode()) < 64_000
    assert any("The picture is full" in warning for warning in notes.warnings)
    assert (await make("at night", state=state, size="64x64")).outputs


@pytest.mark.parametrize(
    ("words", "least"),
    [
        ("add a small red boat", 0.9),
        ("make the lighthouse red", 0.9),
        ("add a moon", 0.8),
        ("remove the tower", 0.8),
        ("add the text HELLO", 0.8),
        ("replace the sun with a moon", 0.7),
        ("make the sun smaller", 0.7),
        ("flurble the grommet", 0.6),
    ],
)
async def test_an_edit_changes_what_it_names_and_keeps_the_rest(lighthouse: Result, words: str, least: float) -> None:
    before = lighthouse
    after = await draw(words, state=state_of(before))
    assert least <= kept(opened(before.outputs[0]), after) < 1


async def test_edits_do_what_they_say(lighthouse: Result) -> None:
    state = state_of(lighthouse)

    async def after(words: str) -> Scene:
        return state_of(await make(words, state=state))

    def kinds(one: Scene) -> list[str]:
        return [element.kind for element in one.elements]

    assert (await after("make the sky purple")).palette.sky == COLOURS["purple"]
    assert kinds(await after("add two red boats")).count("boat") == 2
    assert "lighthouse" not in kinds(await after("remove the lighthouse"))
    assert "lighthouse" not in kinds(await after("please take it away: delete the tower"))
    assert {"moon", "stars"} <= set(kinds(await after("at night")))
    assert (await after("add the text HELLO")).title == "HELLO"
    assert (await after('write "Open Day" in the sky')).title == "Open Day"
    assert (await after("turn the lighthouse into a castle")).elements != state.elements
    assert "castle" in kinds(await after("turn the lighthouse into a castle"))
    red = next(one for one in (await after("make the lighthouse red and white")).elements if one.kind == "lighthouse")
    assert (red.main, red.trim) == (COLOURS["red"], "#ffffff")
    assert not (await after("remove the caption")).band
    assert (await after("remove the background")).cutout


def only(scene: Scene, kind: str) -> Element:
    [element] = [element for element in scene.elements if element.kind == kind]
    return element


@pytest.mark.parametrize(
    ("where", "by"), [("to the left", (-0.18, 0)), ("to the right", (0.18, 0)), ("up", (0, -0.12)), ("down", (0, 0.12))]
)
async def test_what_an_edit_names_is_moved(lighthouse: Result, where: str, by: tuple[float, float]) -> None:
    before = state_of(lighthouse)
    after, _ = edit(before, f"move the sun {where}")
    old, new = only(before, "sun"), only(after, "sun")
    assert (new.x - old.x, new.y - old.y) == pytest.approx(by)
    assert only(edit(before, "move the sun to the middle")[0], "sun").x == 0.5


@pytest.mark.parametrize("kind", ["hills", "sun", "rain"])
async def test_what_is_added_to_a_pattern_is_before_it(kind: str) -> None:
    before = state_of(await make("abstract navy and gold pattern"))
    after, notes = edit(before, f"add {kind}")
    assert only(after, kind).z > max(element.z for element in before.elements)
    assert not notes


async def test_what_stands_on_a_headland_moves_with_it(lighthouse: Result) -> None:
    before = state_of(lighthouse)
    after, _ = edit(before, "move the lighthouse to the right")
    assert only(after, "headland").flip != only(before, "headland").flip
    assert only(after, "lighthouse").x == pytest.approx(1 - only(before, "lighthouse").x)


def warmth(colour: str) -> int:
    red, _, blue = bytes.fromhex(colour[1:])
    return red - blue


def vividness(colour: str) -> int:
    levels = bytes.fromhex(colour[1:])
    return max(levels) - min(levels)


@pytest.mark.parametrize(
    ("tone", "measure", "more"),
    [
        ("darker", lightness, False),
        ("lighter", lightness, True),
        ("warmer", warmth, True),
        ("cooler", warmth, False),
        ("more vivid", vividness, True),
        ("muted", vividness, False),
    ],
)
async def test_a_tone_is_of_the_whole_picture(
    lighthouse: Result, tone: str, measure: Callable[[str], float], more: bool
) -> None:
    before = state_of(lighthouse)
    after, _ = edit(before, f"make it {tone}")
    old, new = (sum(map(measure, scene.palette.model_dump().values())) for scene in (before, after))
    assert old != new
    assert (new > old) == more


async def test_earlier_edits_stay_when_the_scene_is_composed_again(lighthouse: Result) -> None:
    state, _ = edit(state_of(lighthouse), "add a red boat")
    other = state_of(await make("add a moon", state=state, seed=4, size="64x64"))
    assert other.seed != state.seed
    assert {"boat", "moon"} <= {element.kind for element in other.elements}


async def test_an_edited_region_shows_its_colour() -> None:
    state = state_of(await make(LIGHTHOUSE, caption=False))
    assert share_of(await draw("make the sky purple", state=state, caption=False), [COLOURS["purple"]]) > 0.15


@pytest.mark.parametrize("caption", [True, False])
async def test_an_edit_that_is_not_understood_is_visible_and_a_warning(caption: bool) -> None:
    before = await make(LIGHTHOUSE, caption=caption, size="240x160")
    state, image = state_of(before), opened(before.outputs[0])
    for _ in range(3):
        notes = Notes()
        result = await make("flurble the grommet", state=state, caption=caption, size="240x160", notes=notes)
        assert any("did not understand this edit" in warning for warning in notes.warnings)
        assert kept(image, opened(result.outputs[0])) < 1
        state, image = state_of(result), opened(result.outputs[0])
    assert ("caption" in boxes(state)) == caption
    assert "grommet" in state.caption


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("remove the elephant", "There was no elephant to remove."),
        ("make the castle blue", "There was no castle, so one was added."),
        ("add the text 你好", "no font on this machine has all of its letters"),
        ("make the sky teal", "did not understand"),
        ("", "did not understand"),
    ],
)
async def test_what_an_edit_could_not_do_is_a_warning(lighthouse: Result, words: str, said: str) -> None:
    before = lighthouse
    notes = Notes()
    after = await draw(words, state=state_of(before), notes=notes)
    assert any(said in warning for warning in notes.warnings)
    assert kept(opened(before.outputs[0]), after) < 1


async def test_an_understood_edit_warns_of_nothing(lighthouse: Result) -> None:
    notes = Notes()
    await make("add a small red boat", state=state_of(lighthouse), notes=notes)
    assert not notes.warnings


async def test_the_words_of_an_edit_reach_the_caption() -> None:
    state = state_of(await make(LIGHTHOUSE, size="360x240"))
    assert state.caption == "A lighthouse at dusk, teal and amber"
    for words in ("at night, with a moon", "add a red boat"):
        before, state = state, state_of(await make(words, state=state, size="360x240"))
        assert (state.band, state.beside) == (before.band, before.beside)
    assert state.caption == "A lighthouse at dusk, teal and amber · at night, with a moon · add a red boat"
    for number in range(8):
        state = state_of(
            await make(f"add {number + 2} balloons above the hills on the left", state=state, size="360x240")
        )
    assert state.caption == "A lighthouse at… · add 9 balloons above the hills on the left"
    for words in ("remove the caption", "add the text HELLO"):
        assert "HELLO" not in (after := state_of(await make(words, state=state, size="360x240"))).caption
        assert after.caption == state.caption


async def test_a_long_prompt_leaves_room_for_the_words_of_an_edit() -> None:
    prompt = "a lighthouse at dusk over a calm sea with a few gulls in the sky, "
    state = state_of(await make(prompt * 12, size="300x200"))
    state = state_of(await make("add a red boat", state=state, size="300x200"))
    caption = next(words.block for words in lay_out(state).words if words.name == "caption")
    assert not caption.cut
    assert state.caption == "A lighthouse at dusk over a calm sea with a few gulls in… · add a red boat"


async def test_a_caption_without_room_for_both_says_what_was_edited() -> None:
    words = "add a red boat and a blue boat and a green boat and a yellow boat"
    state = state_of(await make(LIGHTHOUSE, size="100x150"))
    assert state_of(await make(words, state=state, size="100x150")).caption == words


async def test_an_edit_names_what_it_does_not_know(lighthouse: Result) -> None:
    notes = Notes()
    await make("add a kite and a red boat", state=state_of(lighthouse), notes=notes)
    assert [warning.partition(" A sketch ")[0] for warning in notes.warnings] == ["This was drawn without: kite."]


async def test_sizes_and_formats_of_an_edit_apply() -> None:
    state = state_of(await make(LIGHTHOUSE, caption=False))
    plain = await draw("add a moon", state=state, size=None, caption=False)
    larger = await make("add a moon", state=state, size="300x200", output_format="webp", caption=False)
    assert plain.size == (150, 100)
    assert (opened(larger.outputs[0]).size, larger.outputs[0].mime) == ((300, 200), "image/webp")
    pairs = list(zip(pixels(plain.reduce(10)), pixels(opened(larger.outputs[0]).reduce(20)), strict=True))
    assert sum(distance(f"#{one.hex()}", f"#{other.hex()}") < 40 for one, other in pairs) > 0.9 * len(pairs)


async def test_parameters_of_an_edit_count_where_they_change() -> None:
    given: dict[str, Any] = {"seed": 3, "size": "240x160"}  # large enough for a caption
    given["state"] = state_of(await make(LIGHTHOUSE, **given))
    plain, other = (opened(output) for output in (await make("add a moon", n=2, **given)).outputs)
    unseeded = {name: value for name, value in given.items() if name != "seed"}
    assert plain.tobytes() == (await draw("add a moon", **unseeded)).tobytes()
    assert kept(plain, other) < 0.95
    variants = [{"seed": 4}, {"style": "poster"}, {"caption": False}, {"background": "transparent"}]
    for more in variants:
        assert kept(plain, await draw("add a moon", **{**given, **more})) < 0.95, more


async def test_edits_branch_and_follow_each_other(lighthouse: Result) -> None:
    first = state_of(lighthouse)
    moon = state_of(await make("add a moon", state=first))
    both = state_of(await make("add a red boat", state=moon))
    assert {"moon", "boat", "sun"} <= {element.kind for element in both.elements}
    other = state_of(await make("add a red boat", state=first))
    assert "moon" not in {element.kind for element in other.elements}
    assert both.prompts == (LIGHTHOUSE, "add a moon", "add a red boat")
