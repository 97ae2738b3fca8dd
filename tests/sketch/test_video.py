"""The sketch backend's videos: what is on the film, what may be asked, how the work goes on, and edits."""

from __future__ import annotations

import io
import json
import os
import threading
from base64 import b64decode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, cast

import anyio
import anyio.lowlevel
import av
import pytest
from mcp import Client
from mcp_types import ImageContent
from PIL import Image, ImageChops, ImageDraw, ImageOps, ImageStat

from fakes.engines import NO_WAIT, continue_edit, generate, get_job, read_files, running_engine
from fakes.films import film
from fakes.server import text
from fakes.virtual_clock import VirtualClock
from mediasmith.config.installation import Installation
from mediasmith.config.registry import Registry
from mediasmith.config.settings import Settings
from mediasmith.engine.bootstrap import lazy_engine
from mediasmith.mcp.server import MediaServer
from mediasmith.plugin.contract import Accepted, Failed, Pending, Request, Result
from mediasmith.plugin.errors import InvalidRequest
from mediasmith.plugin.probe import dimensions, duration, video_frames
from mediasmith.runtime.clock import SystemClock
from mediasmith.testing import AdapterHarness
from mediasmith_sketch import backend
from mediasmith_sketch.animation.camera import Motion
from mediasmith_sketch.animation.first_frame import MOST_BYTES
from mediasmith_sketch.animation.mp4 import Mp4Writer
from mediasmith_sketch.animation.render_slots import IDLE_SECONDS, MOST, RenderSlots
from mediasmith_sketch.animation.shot import RenderRequest, Shot
from mediasmith_sketch.composition.editor import edit
from mediasmith_sketch.drawing.layout import lay_out
from mediasmith_sketch.scene import LONGEST_CAPTION, LONGEST_PROMPT, MOST_ELEMENTS, Element, Scene
from mediasmith_sketch.video import VideoParams

CAPABILITY = next(one for one in backend.capabilities if one.kind == "video")
LIGHTHOUSE = "a lighthouse at dusk, teal and amber, pan right"
UNSIZED: Mapping[str, Any] = {"size": None}
SMALL: Mapping[str, Any] = {"size": "192x108", "duration": 0.5}
_av = cast("Any", av)  # PyAV's own types leave too much unsaid


class File:
    """An input file in memory."""

    def __init__(self, data: bytes, mime: str, dimensions: tuple[int, int] | None = None) -> None:
        self.data = data
        self.name = "file"
        self.mime = mime
        self.size = len(data)
        self.dimensions = dimensions

    def open(self) -> BinaryIO:
        return io.BytesIO(self.data)

    async def read(self) -> bytes:
        return self.data

    async def data_uri(self) -> str:
        raise NotImplementedError


def photo(picture: Image.Image, form: str = "PNG", **options: Any) -> File:
    file = io.BytesIO()
    picture.save(file, form, **options)
    return File(file.getvalue(), f"image/{form.lower()}", picture.size)


def quarters(size: tuple[int, int] = (300, 200)) -> Image.Image:
    """A picture of which every quarter has a colour of its own, with a line around the middle."""
    picture = Image.new("RGB", size, "#204080")
    draw = ImageDraw.Draw(picture)
    wide, high = size[0] // 2, size[1] // 2
    draw.rectangle((wide, 0, *size), fill="#e0c040")
    draw.rectangle((0, high, wide, size[1]), fill="#c03028")
    draw.rectangle((wide, high, *size), fill="#308848")
    draw.rectangle((size[0] // 10, size[1] // 10, size[0] * 9 // 10, size[1] * 9 // 10), outline="white", width=9)
    return picture


@dataclass(frozen=True, kw_only=True)
class RenderedVideo:
    """A finished video, and how it went on."""

    data: bytes
    state: Shot | None
    order: RenderRequest
    warnings: list[str]
    updates: list[Pending]

    def pictures(self) -> list[Image.Image]:
        return [picture for _, picture in video_frames(io.BytesIO(self.data), "video/mp4", 4000)]


def ask(
    prompt: str = LIGHTHOUSE, *, state: Shot | None = None, inputs: Any = None, **params: Any
) -> Request[VideoParams]:
    return Request(
        model=CAPABILITY.models[0],
        prompt=prompt,
        params=VideoParams(**{**SMALL, **params}),
        inputs=inputs or {},
        state=state,
    )


def driver(renders: RenderSlots | None = None) -> AdapterHarness:
    return AdapterHarness(backend, renders or RenderSlots(), CAPABILITY)


async def started(driving: AdapterHarness, asked: Request[VideoParams]) -> RenderRequest:
    """Return the handle, as it comes back from the records."""
    assert not CAPABILITY.refuses(asked)
    answer = await CAPABILITY.start(driving.call_for(asked))
    assert isinstance(answer, Accepted)
    return RenderRequest.model_validate_json(answer.handle.model_dump_json())


async def finished(driving: AdapterHarness, handle: RenderRequest) -> tuple[Result, list[Pending]]:
    updates: list[Pending] = []
    while isinstance(answer := await driving.poll(handle), Pending):
        updates.append(answer)
    assert isinstance(answer, Result)
    return answer, updates


def shot_of(result: Result) -> Shot | None:
    state = result.outputs[0].state
    assert state is None or isinstance(state, Shot)
    return state


async def make(prompt: str = LIGHTHOUSE, **more: Any) -> RenderedVideo:
    own = driver()
    handle = await started(own, ask(prompt, **more))
    result, updates = await finished(own, handle)
    assert own.mimes == ["video/mp4"]
    return RenderedVideo(
        data=own.sink.data,
        state=shot_of(result),
        order=handle,
        warnings=own.warnings,
        updates=updates,
    )


async def planned(prompt: str = LIGHTHOUSE, **more: Any) -> RenderRequest:
    """What would be drawn."""
    return await started(driver(), ask(prompt, **more))


def apart(one: Image.Image, other: Image.Image) -> float:
    """By how many levels two pictures differ, on average."""
    return sum(ImageStat.Stat(ImageChops.difference(one, other)).mean) / 3


def lightest(picture: Image.Image) -> int:
    """The highest level of grey there is."""
    return max(picture.convert("L").tobytes())


@pytest.fixture(scope="module")
async def lighthouse() -> RenderedVideo:
    """A video that many tests look at: of a second, for words to be read."""
    return await make(size="320x180", duration=1)


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


async def test_it_starts_on_the_picture_it_was_given_and_comes_nearer() -> None:
    source = quarters((450, 300))
    video = await make("zoom in", inputs={"first_frame": [photo(source, "JPEG", quality=95)]}, size="360p")
    first, *_, last = video.pictures()
    assert first.size == (540, 360)
    expected = ImageOps.fit(source, first.size)
    corner = (0, 0, 420, 330)  # the label stands in the other one
    assert apart(first.crop(corner), expected.crop(corner)) < 4
    assert apart(first, last) > 3
    assert video.state is None
    assert any("cannot redraw pictures" in warning for warning in video.warnings)
    assert lightest(first.crop((480, 330, 540, 360))) > 220


@pytest.mark.parametrize(
    ("given", "size", "cropped"),
    [
        ({"size": None}, (1176, 784), False),
        ({"size": "480p"}, (720, 480), False),
        ({"size": None, "aspect_ratio": "1:1"}, (960, 960), True),
        ({"size": "200x100"}, (200, 100), True),
    ],
)
async def test_the_picture_decides_the_shape_unless_words_do(
    given: Mapping[str, Any], size: tuple[int, int], cropped: bool
) -> None:
    own = driver()
    order = await started(own, ask(inputs={"first_frame": [photo(quarters())]}, **given))
    assert (order.scene.width, order.scene.height) == size
    assert any("cropped" in warning for warning in own.warnings) == cropped
    with Image.open(io.BytesIO(b64decode(order.picture))) as picture:
        assert picture.width / picture.height == pytest.approx(size[0] / size[1], rel=0.01)


async def test_a_picture_is_turned_upright_and_shown_on_white() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned right by a quarter
    turned = await planned(inputs={"first_frame": [photo(quarters(), "JPEG", exif=exif)]}, size=None)
    assert (turned.scene.width, turned.scene.height) == (784, 1176)
    clear = Image.new("RGBA", (200, 100), (255, 0, 0, 0))
    order = await planned(inputs={"first_frame": [photo(clear)]}, size=None)
    with Image.open(io.BytesIO(b64decode(order.picture))) as picture:
        assert picture.getpixel((50, 50)) == (255, 255, 255)


async def test_from_a_picture_there_is_no_way_back() -> None:
    own = driver()
    order = await started(own, ask("zoom out", inputs={"first_frame": [photo(quarters())]}))
    assert order.motion.zoom == 1
    assert any("nearer instead of going back" in warning for warning in own.warnings)


@pytest.mark.parametrize("role", ["first_frame", "video"])
async def test_a_broken_file_is_the_callers_fault_and_costs_nothing(role: str) -> None:
    mime = "image/png" if role == "first_frame" else "video/mp4"
    with pytest.raises(InvalidRequest, match=r"^file is broken") as caught:
        await started(driver(), ask(inputs={role: [File(b"junk", mime)]}))
    assert caught.value.billed == "no"


async def test_a_picture_too_wide_for_a_size_is_refused_when_it_is_seen() -> None:
    film = await make(size="640x180")
    with pytest.raises(InvalidRequest, match="would be 3840x1080") as caught:
        await started(driver(), ask(inputs={"video": [File(film.data, "video/mp4")]}, size="1080p"))
    assert caught.value.billed == "no"


async def test_a_video_of_another_backend_goes_on_from_its_first_picture() -> None:
    own, colours = driver(), ((200, 40, 40), (40, 40, 200))
    other = film([Image.new("RGB", (96, 96), colour) for colour in colours], "video/webm")
    asked = ask("at night, pan left", inputs={"video": [File(other, "video/webm")]}, size=None, style="poster")
    answer = await CAPABILITY.start(own.call_for(asked))
    assert isinstance(answer, Accepted)
    order = answer.handle
    assert isinstance(order, RenderRequest)
    assert (order.scene.width, order.scene.height) == (960, 960)
    assert order.motion.focus == (0, 0.42)
    with Image.open(io.BytesIO(b64decode(order.picture))) as picture:
        assert apart(picture.convert("RGB"), Image.new("RGB", picture.size, colours[0])) < 4
    assert any("cannot redraw pictures" in warning for warning in own.warnings)
    assert any("style and caption were left out" in warning for warning in own.warnings)


async def test_progress_is_true_and_rises_to_the_result(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mediasmith_sketch.animation.animator._BATCH_SECONDS", 0)
    video = await make()
    progress = [pending.progress for pending in video.updates]
    frames_drawn = [number / 12 for number in range(1, 13)]
    assert progress == [*[0.0] * (len(progress) - 12), *frames_drawn]
    assert len(progress) > 13  # the scenery comes first, and takes steps of its own
    assert video.updates[0].message == "drawing the scenery"
    assert video.updates[-1].message == "frame 12 of 12"


async def test_it_is_drawn_in_a_worker_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    threads: set[int] = set()
    add = Mp4Writer.add

    def watched(film: Mp4Writer, picture: Image.Image) -> None:
        threads.add(threading.get_ident())
        add(film, picture)

    monkeypatch.setattr(Mp4Writer, "add", watched)
    await make()
    assert threads
    assert threading.get_ident() not in threads


async def test_the_first_poll_is_never_the_last() -> None:
    own = driver()
    handle = await started(own, ask(size="64x64"))
    assert isinstance(await own.poll(handle), Pending)


@pytest.mark.parametrize("pictured", [False, True])
async def test_another_process_draws_the_same_video_from_the_handle(
    pictured: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mediasmith_sketch.animation.animator._BATCH_SECONDS", 0)
    first, second = driver(), driver()
    handle = await started(first, ask(inputs={"first_frame": [photo(quarters())]} if pictured else {}))
    whole, _ = await finished(first, handle)
    for _ in range(4):
        assert isinstance(await first.poll(handle), Pending)  # it can be asked for again, and goes on
    again, updates = await finished(second, handle)
    assert updates[0].progress == 0
    assert second.sink.data == first.sinks[0].data
    assert again.outputs[0].state == whole.outputs[0].state


async def test_a_cancel_drops_it_between_two_frames(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mediasmith_sketch.animation.animator._BATCH_SECONDS", 0)
    added: list[Image.Image] = []

    def add(_film: Mp4Writer, picture: Image.Image) -> None:
        added.append(picture)

    monkeypatch.setattr(Mp4Writer, "add", add)
    own = driver()
    handle = await started(own, ask())
    while not added:
        await own.poll(handle)
    assert await own.cancel(handle) == "stopped"
    assert len(added) == 1
    assert not own.client.drop(handle.id)
    assert not own.sinks


async def test_only_so_many_are_drawn_at_a_time_and_the_others_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mediasmith_sketch.animation.animator._BATCH_SECONDS", 0)
    now = 0.0
    renders = RenderSlots(now=lambda: now)
    own = driver(renders)
    handles = [await started(own, ask(f"a hut, {number}", size="64x64")) for number in range(MOST + 1)]
    for handle in handles[:MOST]:
        await own.poll(handle)
    waiting = await own.poll(handles[MOST])
    assert waiting == Pending(progress=0.0, message="waiting for another video to be drawn")
    now = IDLE_SECONDS - 1
    await own.poll(handles[0])
    now = IDLE_SECONDS + 1  # the second one has not been polled since
    assert (await own.poll(handles[MOST])) == Pending(progress=0.0, message="drawing the scenery")
    assert (await own.poll(handles[1])) == waiting
    await finished(own, handles[0])
    assert (await own.poll(handles[1])) == Pending(progress=0.0, message="drawing the scenery")


async def test_concurrent_polls_of_a_video_do_not_disturb_each_other() -> None:
    own = driver()
    handle = await started(own, ask())
    results: list[Result] = []

    async def finish() -> None:
        results.append((await finished(own, handle))[0])

    async with anyio.create_task_group() as tasks:
        for _ in range(3):
            tasks.start_soon(finish)
    assert len({sink.data for sink in own.sinks}) == 1
    assert len(results) == 3


async def test_what_cannot_be_drawn_is_an_error_and_takes_no_room(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise MemoryError

    monkeypatch.setattr(Mp4Writer, "add", fail)
    own = driver()
    handle = await started(own, ask())
    while isinstance(answer := await own.poll(handle), Pending):
        pass
    assert isinstance(answer, Failed)
    assert "MemoryError" in str(answer.error)
    assert answer.error.billed == "no"
    assert not own.client.drop(handle.id)


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


async def test_a_handle_stays_small_whatever_the_picture_is() -> None:
    noise = Image.frombytes("RGB", (1600, 900), os.urandom(1600 * 900 * 3))
    own = driver()
    handle = await started(own, ask(inputs={"first_frame": [photo(noise)]}, size="1080p"))
    assert len(handle.model_dump_json()) < 1.5 * MOST_BYTES
    small = await started(own, ask(inputs={"first_frame": [photo(quarters((64, 64)))]}, size="720p"))
    assert len(small.model_dump_json()) < 10_000  # what is small already is not blown up


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


async def until(true: Callable[[], object]) -> None:
    """Let the other tasks go on until something has happened."""
    while not true():
        await anyio.lowlevel.checkpoint()


async def test_what_one_process_began_the_next_one_finishes(tmp_path: Path) -> None:
    async with running_engine(tmp_path, backend) as engine:  # its clock stands still, so it is asked about once
        job_id = (await generate(engine, LIGHTHOUSE, NO_WAIT, kind="video", **SMALL)).job_id
        active = engine.jobs.active(job_id)
        assert active
        await until(lambda: active.tasks[0].phase == "accepted")
    clock = VirtualClock()
    async with clock.autojump(), running_engine(tmp_path, backend, clock=clock) as engine:
        result = await get_job(engine, job_id)
        assert (result.status, result.files[0].duration_seconds) == ("done", 0.5)
        changed = await continue_edit(engine, result.continuation_id, "at night", duration=0.75)
        assert (changed.status, changed.files[0].duration_seconds, changed.files[0].width) == ("done", 0.75, 192)
        (data,) = read_files(result)
    assert data == (await make()).data


async def test_a_job_that_is_cancelled_stops_being_drawn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    dropped: list[str] = []
    drop = RenderSlots.drop

    def watched(slots: RenderSlots, name: str) -> bool:
        dropped.append(name)
        return drop(slots, name)

    monkeypatch.setattr(RenderSlots, "drop", watched)
    async with running_engine(tmp_path, backend, clock=SystemClock()) as engine:
        job_id = (await generate(engine, LIGHTHOUSE, NO_WAIT, kind="video", **{**SMALL, "duration": 30})).job_id
        active = engine.jobs.active(job_id)
        assert active
        await until(lambda: active.progress is not None)
        assert (await get_job(engine, job_id, cancel=True)).status == "cancelled"
        assert dropped == [RenderRequest.model_validate(active.tasks[0].handle).id]
