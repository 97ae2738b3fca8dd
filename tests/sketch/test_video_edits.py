"""Edits of videos: they change the scene, the camera or the words, and keep the rest."""

from __future__ import annotations

import io
import json
from base64 import b64decode

import pytest
from PIL import Image, ImageOps

from mediasmith_sketch.animation.camera import Motion
from mediasmith_sketch.animation.shot import Shot
from mediasmith_sketch.composition.editor import edit
from mediasmith_sketch.scene import LONGEST_CAPTION, LONGEST_PROMPT, MOST_ELEMENTS, Element, Scene
from sketch.videos import File, RenderedVideo, apart, ask, driver, planned, started


async def test_an_edit_changes_the_scene_as_it_would_a_pictures_and_keeps_the_motion(lighthouse: RenderedVideo) -> None:
    words = "at night, make the lighthouse red"
    order = await planned(words, state=lighthouse.state, size=None)
    assert lighthouse.state
    scene, _ = edit(lighthouse.state.scene, words)
    assert order.scene.elements == scene.elements
    assert order.scene.palette == scene.palette
    assert order.motion == lighthouse.order.motion
    assert (order.scene.width, order.scene.height) == (320, 180)
    assert order.seconds == 0.5


async def test_an_edit_that_is_about_the_camera_leaves_the_scene_as_it_is(lighthouse: RenderedVideo) -> None:
    own = driver()
    order = await started(own, ask("zoom out, slower", state=lighthouse.state, size=None))
    assert (order.motion.zoom, order.motion.pan, order.motion.pace) == (-1, (0, 0), 0.55)
    assert order.motion.focus == lighthouse.order.motion.focus
    assert order.scene == lighthouse.order.scene
    assert not own.warnings
    both = await planned("add a boat and zoom in", state=lighthouse.state, size=None)
    assert both.motion.zoom == 1
    assert any(element.kind == "boat" for element in both.scene.elements)


async def test_an_edit_may_change_duration_size_and_caption(lighthouse: RenderedVideo) -> None:
    order = await planned("at night", state=lighthouse.state, size="240x240", duration=2, caption=False)
    assert (order.scene.width, order.scene.height, order.seconds, order.scene.band) == (240, 240, 2, 0)
    tier = await planned("at night", state=lighthouse.state, size="360p")
    assert (tier.scene.width, tier.scene.height) == (640, 360)


async def test_an_edit_of_what_was_made_from_a_picture_starts_from_the_file(lighthouse: RenderedVideo) -> None:
    order = await planned("pan left", inputs={"video": [File(lighthouse.data, "video/mp4")]}, size=None)
    with Image.open(io.BytesIO(b64decode(order.picture))) as picture:
        first = lighthouse.pictures()[0]
        assert apart(ImageOps.fit(picture.convert("RGB"), first.size), first) < 3
    assert order.scene.width / order.scene.height == pytest.approx(320 / 180, rel=0.01)


def test_the_fullest_shot_fits_into_a_state(lighthouse: RenderedVideo) -> None:
    full = Element(
        kind="x" * 24, x=0.1234, y=0.1234, size=0.1234, z=12.3456, seed=1 << 30, main="#123456", trim="#123456"
    )
    scene: Scene = lighthouse.order.scene.model_copy(
        update={
            "elements": (full,) * MOST_ELEMENTS,
            "caption": "ü" * 2 * LONGEST_CAPTION,
            "prompts": ("ü" * LONGEST_PROMPT,),
        }
    )
    motion = Motion(
        pan=(-0.123456789, 0.123456789), zoom=0.123456789, focus=(0.123456789, 0.123456789), pace=1.23456789
    )
    state = Shot(version=1, scene=scene, motion=motion).model_dump(mode="json")
    assert len(json.dumps(state)) < 65_536
