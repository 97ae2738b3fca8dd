"""How the scenery of an animatic moves: the camera, what is said about it, layers by depth, what moves by itself."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from functools import cache
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageChops, ImageDraw

from mediasmith_sketch.animation.camera import Camera, Motion
from mediasmith_sketch.animation.default_motion import default_motion, motion_over_picture
from mediasmith_sketch.animation.layers import Layer, layers
from mediasmith_sketch.animation.sway import MOST, REST, Sway, sway_of
from mediasmith_sketch.composition.composer import compose, seed_of
from mediasmith_sketch.drawing.figure import reach
from mediasmith_sketch.drawing.figures import FIGURES
from mediasmith_sketch.drawing.layout import shape_of
from mediasmith_sketch.drawing.stage import unit_of
from mediasmith_sketch.prompt.camera_directions import camera_directions
from mediasmith_sketch.scene import Asked, Element, Scene

PROMPTS = (
    "a lighthouse at dusk, teal and amber",
    "a red fox in a snowy forest at night",
    "hot air balloons over desert dunes",
    "a cup of coffee on a table",
    "a rocket flying past a planet",
    "jazz fusion, an abstract concept",
)
SIZE = (192, 108)
SIZED = (0, 0, *SIZE)
UNPAINTED = (255, 0, 255)

steps = st.floats(-1, 1)
shares = st.floats(0, 1)
motions = st.builds(
    Motion,
    pan=st.tuples(steps, steps),
    zoom=steps,
    focus=st.tuples(shares, shares),
    pace=st.floats(0.25, 2),
)
cameras = st.builds(Camera, motion=motions, seconds=st.floats(0.5, 30))

FARTHEST_MOTIONS = (
    Motion(pan=(1, 0), zoom=1, pace=2, focus=(0, 0)),
    Motion(pan=(-1, 0), zoom=-1, pace=2, focus=(1, 1)),
    Motion(pan=(0, -1), zoom=1, pace=2, focus=(0.5, 0)),
    Motion(pan=(0, 1), zoom=-1, pace=2),
)


@cache
def scene(prompt: str, size: tuple[int, int] = SIZE) -> Scene:
    return compose(prompt, size, seed_of(prompt), Asked(caption=False, cutout=False))


def laid(scenery: Sequence[Layer], camera: Camera, progress: float, second: float = 0) -> Image.Image:
    """The scenery, on a colour that no scene has."""
    frame = Image.new("RGB", SIZE, UNPAINTED)
    for layer in scenery:
        layer.paste(frame, SIZED, camera.view(progress, layer.nearness), second)
    return frame


def scenery_of(prompt: str, camera: Camera) -> list[Layer]:
    """The layers of a scene, the sky first."""
    return list(layers(scene(prompt), SIZE, camera))[::-1]


def apart(one: Image.Image, other: Image.Image) -> int:
    """By how many levels of any colour two pictures differ at most: sampling rounds."""
    levels = ImageChops.difference(one, other).tobytes()
    return max(levels)


@given(cameras, shares, shares)
def test_what_is_in_view_never_leaves_the_whole(camera: Camera, progress: float, nearness: float) -> None:
    across, down, share = camera.view(progress, nearness)
    assert 0.3 < camera.closest(nearness) - 1e-9 <= share <= 1
    for middle in (across, down):
        assert middle - share / 2 >= -1e-9
        assert middle + share / 2 <= 1 + 1e-9


@given(motions, st.floats(0.5, 30))
def test_the_camera_starts_and_ends_at_rest_and_never_leaps(motion: Motion, seconds: float) -> None:
    views = [Camera(motion=motion, seconds=seconds).view(step / 48, 1) for step in range(49)]
    ways = [max(abs(a - b) for a, b in zip(one, other, strict=True)) for one, other in pairwise(views)]
    assert max(ways) <= 0.06
    rounding = 1e-12
    assert ways[0] <= 0.1 * max(ways) + rounding
    assert ways[-1] <= 0.1 * max(ways) + rounding


@pytest.mark.parametrize("motion", [Motion(pan=(1, 0)), Motion(pan=(0, -1)), Motion(zoom=1), Motion(zoom=-1)])
def test_the_nearer_things_are_the_further_they_move(motion: Motion) -> None:
    camera = Camera(motion=motion, seconds=4)
    ways: list[float] = []
    for nearness in (0, 0.25, 0.5, 0.75, 1):
        start, end = camera.view(0, nearness), camera.view(1, nearness)
        ways.append(max(abs(a - b) for a, b in zip(start, end, strict=True)))
    assert ways == sorted(ways)
    assert 0 < ways[0] < 0.4 * ways[-1]


def test_a_camera_goes_where_its_motion_says() -> None:
    def way(motion: Motion) -> list[float]:
        camera = Camera(motion=motion, seconds=4)
        return [round(end - start, 3) for start, end in zip(camera.view(0, 1), camera.view(1, 1), strict=True)]

    right, left = way(Motion(pan=(1, 0))), way(Motion(pan=(-1, 0)))
    assert right[0] > 0.1
    assert left == [-right[0], 0, 0]
    assert way(Motion(pan=(0, 1)))[1] > 0.1
    assert way(Motion(zoom=1))[2] < -0.1
    assert way(Motion(zoom=-1))[2] > 0.1
    assert way(Motion(zoom=1, pace=0.5))[2] == pytest.approx(way(Motion(zoom=1))[2] / 2, abs=0.002)
    assert way(Motion()) == [0, 0, 0]


def everything(*_: object) -> float:
    """In place of the lowest row that shows."""
    return 1.0


@pytest.mark.parametrize(("prompt", "motion"), list(zip(PROMPTS, itertools.cycle(FARTHEST_MOTIONS), strict=False)))
def test_no_border_is_ever_uncovered_and_only_what_is_hidden_left_out(
    prompt: str, motion: Motion, monkeypatch: pytest.MonkeyPatch
) -> None:
    camera = Camera(motion=motion, seconds=30)
    spared = scenery_of(prompt, camera)
    monkeypatch.setattr(Camera, "lowest", everything)
    whole = scenery_of(prompt, camera)
    for progress in (0, 1):
        frame = laid(spared, camera, progress, progress * 30)
        assert apart(frame, laid(whole, camera, progress, progress * 30)) <= 3
        colours = frame.getcolors(SIZE[0] * SIZE[1])
        assert colours
        assert UNPAINTED not in {colour for _, colour in colours}


def test_hidden_rows_are_not_even_drawn() -> None:
    camera = Camera(motion=Motion(pan=(1, 0)), seconds=4)
    sky = scenery_of("hot air balloons over desert dunes", camera)[0]
    assert sky.picture.height < 0.95 * sky.height


@pytest.mark.parametrize("prompt", PROMPTS[:5])
def test_near_things_move_past_far_ones(prompt: str) -> None:
    camera = Camera(motion=Motion(pan=(1, 0)), seconds=4)
    nearnesses = [layer.nearness for layer in scenery_of(prompt, camera)]
    assert nearnesses[0] == 0
    assert max(nearnesses) == 1
    assert len(set(nearnesses)) >= 2


def test_things_are_sampled_between_pixels_too() -> None:
    """The middle of a disc is where the camera says, to a fraction of a pixel, at every step of a slow move."""
    camera = Camera(motion=Motion(pan=(1, 0), zoom=0.5, pace=0.3), seconds=4)
    picture = Image.new("RGBA", (240, 135))
    ImageDraw.Draw(picture).ellipse((100, 50, 140, 90), fill="white")
    disc = Layer(
        picture=picture.convert("RGBa"),
        left=0,
        top=0,
        width=240,
        height=135,
        nearness=1,
        sway=REST,
    )
    for step in range(25):
        frame = Image.new("RGB", SIZE)
        across, _, share = camera.view(step / 24, 1)
        disc.paste(frame, SIZED, camera.view(step / 24, 1), 0)
        light = frame.getchannel("R").tobytes()
        weights = [sum(light[column :: SIZE[0]]) for column in range(SIZE[0])]
        middle = sum((column + 0.5) * weight for column, weight in enumerate(weights)) / sum(weights)
        assert middle == pytest.approx(((120.5 / 240 - across) / share + 0.5) * SIZE[0], abs=0.08)


def test_what_falls_comes_in_again_at_the_top() -> None:
    camera = Camera(motion=Motion(), seconds=4)
    picture = Image.new("RGBA", SIZE)
    ImageDraw.Draw(picture).rectangle((60, 20, 70, 30), fill="white")
    rain = Layer(
        picture=picture.convert("RGBa"),
        left=0,
        top=0,
        width=SIZE[0],
        height=SIZE[1],
        nearness=1,
        sway=Sway(drift=(0, 54 / unit_of(*SIZE)), endless=True),
    )
    fallen = {second: laid([rain], camera, 0, second) for second in (0, 1, 2, 1.7)}
    assert fallen[0].getpixel((65, 25)) == (255, 255, 255)
    assert fallen[1].getpixel((65, 25 + 54)) == (255, 255, 255)
    assert fallen[2].tobytes() == fallen[0].tobytes()
    assert fallen[1.7].getpixel((65, 9)) == (255, 255, 255)


def test_clouds_drift_boats_rock_and_rain_falls_but_what_stands_does_not_move() -> None:
    def swayed(kind: str, **fields: object) -> tuple[float, float]:
        x, y = sway_of(Element.model_validate({"kind": kind, "seed": 7, **fields})).at(1.3)
        return abs(x), abs(y)

    assert swayed("cloud")[0] > 0
    assert min(swayed("boat", z=38)) > 0
    assert min(swayed("balloon", z=56)) > 0
    assert swayed("rain")[1] > 1
    for still in ({"kind": "balloon", "z": 60}, {"kind": "boat", "z": 48.5, "stands": True}, {"kind": "hills"}):
        assert swayed(**still) == (0, 0)  # pyright: ignore[reportArgumentType] - a mapping of several types


@pytest.mark.parametrize("kind", ["cloud", "fog", *(kind for kind, figure in FIGURES.items() if figure.place == "air")])
def test_nothing_sways_out_of_the_room_that_is_kept_for_it(kind: str) -> None:
    sway = sway_of(Element(kind=kind, z=56, seed=5))
    assert all(max(map(abs, sway.at(second / 4))) <= MOST for second in range(121))


@pytest.mark.parametrize("prompt", ["a lighthouse", "a red fox in a forest", "a tall tower", "a cat and a dog"])
@pytest.mark.parametrize("size", [(1280, 720), (720, 1280), (960, 960)])
def test_the_figures_stay_in_view_when_the_camera_is_nearest(prompt: str, size: tuple[int, int]) -> None:
    composed = compose(prompt, size, seed_of(prompt), Asked(cutout=False))
    motion = default_motion(composed)
    camera = Camera(motion=motion, seconds=4)
    span, tall = shape_of(size, composed.band, beside=composed.beside)
    hero = next(element for element in composed.elements if element.kind in FIGURES)
    left, up, right = (share * hero.size for share in reach(FIGURES[hero.kind]))
    for progress in (0, 1):
        across, down, share = camera.view(progress, 1)
        assert across - share / 2 <= hero.x - 0.5 * left / span
        assert across + share / 2 >= hero.x + 0.5 * right / span
        assert down - share / 2 <= hero.y - 0.95 * up / tall


def test_motions_differ_from_seed_to_seed() -> None:
    motions = {default_motion(compose("a lighthouse", SIZE, seed, Asked())).model_dump_json() for seed in range(8)}
    assert len(motions) >= 4


def test_over_a_picture_the_camera_starts_on_all_of_it() -> None:
    for motion in (Motion(pan=(1, 0)), Motion(zoom=-1), Motion(pan=(0, -1), zoom=1), Motion(zoom=1, focus=(0.2, 0.9))):
        camera = Camera(motion=motion_over_picture(motion), seconds=4)
        assert camera.view(0, 1) == (0.5, 0.5, 1)
        assert camera.view(1, 1)[2] < 0.95
    assert motion_over_picture(Motion(pan=(-1, 0))).focus == (0, 0.5)
    assert motion_over_picture(Motion(pan=(0, 1))).focus == (0.5, 1)
    assert motion_over_picture(Motion()) == Motion()


@pytest.mark.parametrize(
    ("text", "moves", "pace", "rest"),
    [
        ("a lighthouse at dusk", [], None, "a lighthouse at dusk"),
        ("a lighthouse at dusk, slow zoom in", [(0, 0, 1)], 0.55, "a lighthouse at dusk"),
        ("Zoom out slowly", [(0, 0, -1)], 0.55, ""),
        ("The camera pans from left to right over a city", [(1, 0, 0)], None, "a city"),
        ("A slow zoom in on a lighthouse, teal and amber", [(0, 0, 1)], 0.55, "a lighthouse, teal and amber"),
        ("a hut with a slow pan to the left and a zoom in", [(-1, 0, 0), (0, 0, 1)], 0.55, "a hut"),
        ("dolly-out shot of a castle", [(0, 0, -1)], None, "a castle"),
        ("a fox and a hen, camera moves closer", [(0, 0, 1)], None, "a fox and a hen"),
        ("a lighthouse. Camera: push in.", [(0, 0, 1)], None, "a lighthouse."),
        ("dunes; tilt up", [(0, -1, 0)], None, "dunes"),
        ("a boat that sails slowly", [], 0.55, "a boat that sails slowly"),
        ("a frying pan left on the stove", [], None, "a frying pan left on the stove"),
        ("pancakes left on a plate", [], None, "pancakes left on a plate"),
        ("pull up a chair", [], None, "pull up a chair"),
        ("a boat moving left, and gulls", [], None, "a boat moving left, and gulls"),
        ("boats, static camera", [], None, "boats"),
        ("", [], None, ""),
    ],
)
def test_directions_are_read_and_left_out_of_the_scene(
    text: str, moves: list[tuple[float, float, float]], pace: float | None, rest: str
) -> None:
    said = camera_directions(text)
    assert (list(said.moves), said.pace, said.rest) == (moves, pace, rest)


def test_directions_change_only_what_they_are_about() -> None:
    before = Motion(pan=(0.6, 0), zoom=1, focus=(0.2, 0.4))
    assert camera_directions("a hut at night").over(before) == before
    assert camera_directions("pan left").over(before) == before.model_copy(update={"pan": (-1, 0), "zoom": 0})
    assert camera_directions("zoom in and pan up").over(before).pan == (0, -1)
    assert camera_directions("a hut, static camera").over(before) == before.model_copy(
        update={"pan": (0, 0), "zoom": 0}
    )
    assert camera_directions("slower", edit=True).over(before) == before.model_copy(update={"pace": 0.55})
    assert camera_directions("make the fast car blue", edit=True).over(before) == before
    assert camera_directions("pan left, pan left, zoom in, zoom in").over(before).pan == (-1, 0)
