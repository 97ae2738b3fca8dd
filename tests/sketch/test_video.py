"""The videos of the sketch backend: what is on the film, and what may be asked."""

from __future__ import annotations

import io
import json
from base64 import b64decode
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import av
import pytest
from mcp import Client
from mcp_types import ImageContent
from PIL import Image

from fakes.server import text
from fakes.virtual_clock import VirtualClock
from mediasmith.config.installation import Installation
from mediasmith.config.registry import Registry
from mediasmith.config.settings import Settings
from mediasmith.engine.bootstrap import lazy_engine
from mediasmith.mcp.server import MediaServer
from mediasmith.plugin.probe import dimensions, duration
from mediasmith_sketch import backend
from mediasmith_sketch.animation.shot import Shot
from mediasmith_sketch.drawing.layout import lay_out
from mediasmith_sketch.video import VideoParams
from sketch.videos import (
    CAPABILITY,
    LIGHTHOUSE,
    SMALL,
    File,
    RenderedVideo,
    apart,
    ask,
    driver,
    lightest,
    make,
    photo,
    planned,
    quarters,
    started,
)

UNSIZED: Mapping[str, Any] = {"size": None}

_av = cast("Any", av)  # PyAV's own types leave too much unsaid


async def test_the_film_is_what_plays_everywhere(lighthouse: RenderedVideo) -> None:
    with _av.open(io.BytesIO(lighthouse.data)) as container:
        (stream,) = container.streams
        codec = stream.codec_context
        assert (codec.name, codec.pix_fmt, codec.width, codec.height) == ("h264", "yuv420p", 320, 180)
        assert (codec.color_range, codec.colorspace, codec.color_primaries, codec.color_trc) == (1, 1, 1, 1)
        assert (stream.average_rate, container.duration) == (24, 1_000_000)
        times = [frame.pts * frame.time_base for frame in container.decode(stream)]
    assert times == [number * stream.time_base * 512 for number in range(24)]
    assert float(times[-1]) == pytest.approx(23 / 24)
    assert lighthouse.data.index(b"moov") < lighthouse.data.index(b"mdat")
    assert dimensions(io.BytesIO(lighthouse.data), "video/mp4") == (320, 180)
    assert duration(io.BytesIO(lighthouse.data), "video/mp4") == 1


@pytest.mark.parametrize(("seconds", "count"), [(0.5, 12), (0.7, 17), (1.25, 30)])
async def test_it_is_as_long_as_was_asked(seconds: float, count: int) -> None:
    video = await make(size="64x64", duration=seconds)
    assert len(video.pictures()) == count
    assert duration(io.BytesIO(video.data), "video/mp4") == pytest.approx(count / 24, abs=0.001)


async def test_the_same_words_make_the_same_file_and_another_seed_another(lighthouse: RenderedVideo) -> None:
    again, other = await make(size="320x180", duration=1), await planned(seed=5)
    assert again.data == lighthouse.data
    assert again.order.id != lighthouse.order.id
    assert other.scene != lighthouse.order.scene
    assert (await planned("a hut", seed=1)).motion != (await planned("a hut", seed=6)).motion


async def test_the_scenery_moves_smoothly_while_the_words_stay(lighthouse: RenderedVideo) -> None:
    pictures = lighthouse.pictures()
    _, _, width, tall = map(round, lay_out(lighthouse.order.scene).stage)
    scenery = [picture.crop((0, 0, width, tall)) for picture in pictures]
    words = [picture.crop((0, tall + 1, width, 180)) for picture in pictures]
    assert apart(scenery[0], scenery[-1]) > 5
    assert apart(scenery[0], scenery[1]) < 0.3 * apart(scenery[11], scenery[12])  # it starts from rest
    assert max(apart(words[0], later) for later in words) < 1
    assert lightest(words[0]) - min(words[0].convert("L").tobytes()) > 150


async def test_a_prompt_that_moves_the_camera_is_obeyed_and_not_set_below(lighthouse: RenderedVideo) -> None:
    order = lighthouse.order
    assert order.motion.pan == (1, 0)
    assert order.scene.caption == "A lighthouse at dusk, teal and amber"
    assert (await planned("zoom out")).motion.zoom == -1
    assert (await planned("zoom out")).scene.caption == "Zoom out"  # what else is there to show
    assert (await planned("a hut, static camera")).motion.pan == (0, 0)


@pytest.mark.parametrize(
    ("given", "size"),
    [
        ({}, (1280, 720)),
        ({"aspect_ratio": "16:9"}, (1280, 720)),
        ({"aspect_ratio": "9:16"}, (720, 1280)),
        ({"aspect_ratio": "1:1"}, (960, 960)),
        ({"aspect_ratio": "21:9"}, (1466, 628)),
        ({"aspect_ratio": "10:1"}, (1920, 192)),
        ({"size": "360p"}, (640, 360)),
        ({"size": "480p"}, (854, 480)),
        ({"size": "1080p"}, (1920, 1080)),
        ({"size": "720p", "aspect_ratio": "3:4"}, (720, 960)),
        ({"size": "1080p", "aspect_ratio": "1:1"}, (1080, 1080)),
        ({"size": "640x480"}, (640, 480)),
        ({"size": "640x480", "aspect_ratio": "4:3"}, (640, 480)),
    ],
)
async def test_the_size_is_what_was_asked_for(given: Mapping[str, Any], size: tuple[int, int]) -> None:
    scene = (await planned(**{**UNSIZED, **given})).scene
    assert (scene.width, scene.height) == size


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({"size": "641x360"}, "even sides only, and 641x360"),
        ({"size": "2000x1000"}, "from 64 to 1920 pixels"),
        ({"size": "1200x1200"}, "the shorter one up to 1080"),
        ({"size": "128x32"}, "would be 128x32"),
        ({"size": "1080p", "aspect_ratio": "21:9"}, "would be 2520x1080"),
        ({"aspect_ratio": "100:1"}, "would be 1920x20"),
        ({"size": "2K"}, "WxH in even pixels, or 360p, 480p, 720p, 1080p"),
        ({"size": "720"}, "WxH in even pixels"),
        ({"size": "640x360", "aspect_ratio": "1:1"}, "does not have the aspect_ratio 1:1"),
    ],
)
def test_a_size_that_cannot_be_had_is_refused(given: Mapping[str, Any], reason: str) -> None:
    assert reason in CAPABILITY.refuses(ask(**{**UNSIZED, **given}))


def test_a_picture_goes_neither_with_another_one_nor_with_style_or_caption() -> None:
    picture, film = photo(quarters()), File(b"", "video/mp4")
    assert "not on both" in CAPABILITY.refuses(ask(inputs={"first_frame": [picture], "video": [film]}))
    unfit: list[dict[str, Any]] = [{"style": "poster"}, {"caption": True}]
    for given in unfit:
        assert "neither style nor caption" in CAPABILITY.refuses(ask(inputs={"first_frame": [picture]}, **given))
        assert not CAPABILITY.refuses(ask(**given))
    assert not CAPABILITY.refuses(ask(inputs={"first_frame": [picture]}, caption=False))


@pytest.mark.parametrize(("seconds", "fits"), [(0.4, False), (0.5, True), (30, True), (30.1, False)])
def test_a_video_takes_half_a_second_to_half_a_minute(seconds: float, fits: bool) -> None:
    try:
        VideoParams(duration=seconds)
    except ValueError:
        assert not fits
    else:
        assert fits


async def test_a_caption_can_be_left_out_and_a_style_asked_for() -> None:
    plain, bare, poster = await planned(), await planned(caption=False), await planned(style="poster")
    assert plain.scene.band > 0
    assert bare.scene.band == 0
    assert (poster.scene.style, (await planned(style="geometric")).scene.plan) == ("poster", "abstract")


async def test_a_video_is_never_transparent() -> None:
    order = await planned("a cat on a transparent background, sticker")
    assert not order.scene.cutout
    own = driver()
    shot = Shot(version=1, scene=order.scene, motion=order.motion)
    changed = await started(own, ask("remove the background", state=shot))
    assert not changed.scene.cutout
    assert any("no transparency" in warning for warning in own.warnings)


async def test_what_is_not_drawn_is_told_but_not_what_is_said_of_the_camera() -> None:
    own = driver()
    await started(own, ask("slow pan left over a kite and a lighthouse", size="96x64"))
    assert [warning.partition(" A sketch ")[0] for warning in own.warnings] == ["This was drawn without: kite."]


def folders(folder: Path) -> Installation:
    return Installation(
        settings=Settings(data_dir=folder / "data", output_dir=folder / "out"),
        registry=Registry(backends={"sketch": backend}, broken={}),
        env={},
    )


async def test_an_answer_shows_a_poster_and_says_how_large_and_long_it_is(tmp_path: Path) -> None:
    clock = VirtualClock()
    async with (
        clock.autojump(),
        lazy_engine(lambda: folders(tmp_path), clock=clock) as opened_server,
        Client(MediaServer(opened_server)) as client,
    ):
        given = {"prompt": LIGHTHOUSE, "kind": "video", **SMALL, "wait_seconds": 30}
        result = await client.call_tool("generate_media", given)
    assert [block.type for block in result.content] == ["text", "resource_link", "image"]
    said = json.loads(text(result))
    (file,) = said["files"]
    assert (said["status"], said["model"], said["cost"]["usd"]) == ("done", "sketch-motion-1", 0)
    assert (file["mime"], file["width"], file["height"], file["duration_seconds"]) == ("video/mp4", 192, 108, 0.5)
    block = result.content[2]
    assert isinstance(block, ImageContent)
    with Image.open(io.BytesIO(b64decode(block.data))) as poster:
        assert (poster.format, poster.size) == ("JPEG", (192, 108))
