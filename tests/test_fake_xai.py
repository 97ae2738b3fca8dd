"""The fake of xAI, spoken to by the provider's own SDK: what stands on it is worth no more than it is strict."""

from __future__ import annotations

import base64
import io
import re
import urllib.request
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from hashlib import sha256
from typing import Any, TypeAlias
from urllib.error import HTTPError

import anyio
import av
import grpc
import pytest
from PIL import Image
from xai_sdk import AsyncClient
from xai_sdk.proto import files_pb2, image_pb2, video_pb2

from fakes.xai import DOWNLOAD, EXTENSION, IMAGE, KEY, MODELS, POLL, UPLOAD, VIDEO, FakeXAI, running
from fakes.xai.errors import MISTYPED_KEY, WRONG_KEY

Sdk: TypeAlias = Any
"""The SDK: its types know too well what can be asked to be asked anything else."""

_grpc: Any = grpc  # it has no types

Drawn: Any = image_pb2.GenerateImageRequest
Filmed: Any = video_pb2.GenerateVideoRequest
Chunk: Any = files_pb2.UploadFileChunk

NEWER, OLDER = "grok-imagine-video-1.5", "grok-imagine-video"
DRAWING: Mapping[str, Any] = {"prompt": "a red kite", "model": "grok-imagine-image-2.0", "image_format": "base64"}
SHOT: Mapping[str, Any] = {"prompt": "a red kite", "model": NEWER}
EDIT: Mapping[str, Any] = {"prompt": "make it blue", "model": OLDER}

PROVIDER = running

pytestmark = pytest.mark.usefixtures("one_loop")


def signed_in(fake: FakeXAI, key: str = KEY) -> Sdk:
    options = [("grpc.enable_retries", 0), ("grpc.max_send_message_length", 64 << 20)]
    host = fake.base_url.removeprefix("grpc://")
    return AsyncClient(api_key=key, api_host=host, use_insecure_channel=True, channel_options=options, timeout=30)


@pytest.fixture
async def client(fake: FakeXAI) -> AsyncGenerator[Sdk]:
    async with signed_in(fake) as client:
        yield client


def drawn(size: tuple[int, int] = (64, 64), form: str = "png", colour: str = "red", **more: Any) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", size, colour).save(file, form, **more)
    return file.getvalue()


def uri(data: bytes, mime: str = "image/png") -> str:
    return f"data:{mime};base64,{base64.b64encode(data).decode()}"


PICTURE, OTHER = uri(drawn()), uri(drawn(colour="blue"))
LARGE = uri(drawn((2200, 2200), compress_level=0))


def named(words: object) -> str:
    """A name for a test, with files made short."""
    return re.sub(r"[^'\s]{60,}", lambda word: sha256(word[0].encode()).hexdigest()[:8], str(words))


def opened(image: Any) -> Image.Image:
    head, _, body = image.base64.partition(",")
    assert head == "data:image/jpeg;base64"
    picture = Image.open(io.BytesIO(base64.b64decode(body)))
    picture.load()
    assert picture.format == "JPEG"
    return picture


def fetched(url: str, **headers: str) -> bytes:
    with urllib.request.urlopen(urllib.request.Request(url, headers=headers)) as answer:
        return answer.read()


def unfetched(url: str, **headers: str) -> int:
    with pytest.raises(HTTPError) as caught:
        fetched(url, **headers)
    with caught.value:
        return caught.value.code


def watched(data: bytes) -> tuple[tuple[int, int], int, bool]:
    """The size of a film, how many seconds all of it lasts, and whether there is sound."""
    container: Any = av.open(io.BytesIO(data))
    with container:
        video = container.streams.video[0]
        seconds = sum(1 for _ in container.decode(video)) / video.average_rate
        return (video.width, video.height), round(seconds), bool(container.streams.audio)


async def refused(asked: Awaitable[object]) -> tuple[str, str]:
    """The status of a call, and what is said with it."""
    with pytest.raises(_grpc.aio.AioRpcError) as caught:
        await asked
    error: Any = caught.value
    return error.code().name, error.details()


async def shot(client: Sdk, **words: Any) -> str:
    return (await client.video.start(**{**SHOT, **words})).request_id


async def finished(fake: FakeXAI, client: Sdk, request_id: str) -> Any:
    fake.finish()
    return (await client.video.get(request_id)).response


async def filmed(fake: FakeXAI, client: Sdk, **words: Any) -> str:
    """The address of a video."""
    return (await finished(fake, client, await shot(client, **words))).video.url


# Pictures


@pytest.mark.parametrize(
    ("words", "size"),
    [
        ({}, (1024, 1024)),
        ({"aspect_ratio": "16:9"}, (1360, 768)),
        ({"aspect_ratio": "19.5:9", "resolution": "1k"}, (1504, 688)),
        ({"aspect_ratio": "1:2", "resolution": "2k"}, (1456, 2896)),
    ],
    ids=str,
)
async def test_a_picture_is_a_real_one_of_the_size_asked(
    client: Sdk, words: dict[str, Any], size: tuple[int, int]
) -> None:
    made = await client.image.sample(**DRAWING, **words)
    assert opened(made).size == size
    assert made.respect_moderation


async def test_a_changed_picture_has_the_shape_of_the_first_one_given(client: Sdk) -> None:
    made = await client.image.sample(**DRAWING, image_urls=[uri(drawn((200, 100))), PICTURE])
    assert opened(made).size == (1456, 720)


@pytest.mark.parametrize(
    "words",
    [
        {"prompt": "a blue kite"},
        {"model": "grok-imagine-image"},
        {"aspect_ratio": "2:3"},
        {"resolution": "2k"},
        {"quality": "low"},
        {"image_url": PICTURE},
        {"image_urls": [OTHER, PICTURE]},
    ],
    ids=named,
)
async def test_every_word_changes_the_picture(client: Sdk, words: dict[str, Any]) -> None:
    async def made(**more: Any) -> bytes:
        return opened(await client.image.sample(**{**DRAWING, **more})).tobytes()

    assert await made(**words) == await made(**words)
    assert await made(**words) != await made()


async def test_several_pictures_of_one_call_differ(client: Sdk) -> None:
    made = await client.image.sample_batch(**DRAWING, n=4)
    assert len({image.base64 for image in made}) == 4


@pytest.mark.parametrize(
    ("words", "usd"),
    [
        ({}, 0.06),
        ({"quality": "low"}, 0.04),
        ({"resolution": "2k"}, 0.08),
        ({"n": 3, "image_url": PICTURE}, 0.19),
        ({"model": "grok-imagine-image", "n": 2, "image_urls": [OTHER, PICTURE]}, 0.044),
    ],
    ids=["usual", "low", "2k", "three of one", "older, of two"],
)
async def test_a_call_for_pictures_says_what_it_cost(client: Sdk, words: dict[str, Any], usd: float) -> None:
    made = await client.image.sample_batch(**{**DRAWING, "n": 1, **words})
    assert made[0].cost_usd == pytest.approx(usd)


async def test_a_picture_may_be_fetched_instead_while_it_lasts(fake: FakeXAI, client: Sdk) -> None:
    made = await client.image.sample(**{**DRAWING, "image_format": "url"})
    assert await made.image == fetched(made.url)
    fake.expire(made.url.rpartition("/")[2])
    assert unfetched(made.url) == 404


@pytest.mark.parametrize(
    ("words", "about"),
    [
        ({"prompt": "  "}, "prompt"),
        ({"n": 0}, "n:"),
        ({"n": 11}, "n:"),
        ({"quality": "low", "model": "grok-imagine-image"}, "quality"),
        ({"image_urls": [PICTURE] * 4}, "images"),
        ({"image_url": uri(b"no picture")}, "images[0]"),
        ({"image_url": uri(drawn(form="gif"), "image/gif")}, "images[0]"),
        ({"image_url": uri(drawn(), "image/jpeg")}, "images[0]"),
        ({"image_url": PICTURE.partition(",")[2]}, "images[0]"),
        ({"image_url": PICTURE[:-3]}, "base64"),
        ({"image_url": "https://example.com/a.png"}, "fetched"),
        ({"image_url": LARGE}, "10 MiB"),
        ({"image_file_id": "file_unknown"}, "file_unknown"),
    ],
    ids=named,
)
async def test_a_picture_that_cannot_be_is_refused(client: Sdk, words: dict[str, Any], about: str) -> None:
    status, said = await refused(client.image.sample_batch(**{**DRAWING, "n": 1, **words}))
    assert status == "INVALID_ARGUMENT"
    assert about in said


@pytest.mark.parametrize(
    ("more", "about"),
    [
        ({"format": image_pb2.IMG_FORMAT_INVALID}, "format"),
        ({"quality": image_pb2.IMG_QUALITY_HIGH}, "quality"),
        ({"resolution": image_pb2.IMG_RESOLUTION_INVALID}, "resolution"),
        ({"aspect_ratio": image_pb2.IMG_ASPECT_RATIO_AUTO}, "aspect_ratio"),
        ({"image": {"image_url": PICTURE}, "images": [{"image_url": PICTURE}]}, "image"),
        ({"image": {}}, "images[0]"),
    ],
    ids=["format", "quality", "resolution", "aspect_ratio", "both", "neither"],
)
async def test_what_the_sdk_does_not_send_is_refused_too(client: Sdk, more: dict[str, Any], about: str) -> None:
    words = {"prompt": "a kite", "model": DRAWING["model"], "format": image_pb2.IMG_FORMAT_URL, **more}
    status, said = await refused(client.image._stub.GenerateImage(Drawn(**words)))
    assert status == "INVALID_ARGUMENT"
    assert about in said


async def test_two_large_pictures_come_through(client: Sdk) -> None:
    allowed = uri(drawn((1700, 1700), compress_level=0))
    made = await client.image.sample(**DRAWING, image_urls=[allowed, allowed])
    assert len(allowed) * 2 > 20 << 20
    assert opened(made)


async def test_content_against_the_rules_is_refused_or_held_back(client: Sdk) -> None:
    status, said = await refused(client.image.sample(**{**DRAWING, "prompt": "forbidden fruit"}))
    assert (status, "moderation" in said) == ("INVALID_ARGUMENT", True)
    made = await client.image.sample(**{**DRAWING, "prompt": "withheld fruit"})
    assert not made.respect_moderation
    with pytest.raises(ValueError, match="moderation"):
        _ = made.base64
    partly = await client.image.sample_batch(**{**DRAWING, "prompt": "partly bad fruit"}, n=4)
    assert [image.respect_moderation for image in partly] == [True, False, True, False]


# Who asks


@pytest.mark.parametrize(("key", "due"), [(WRONG_KEY, "UNAUTHENTICATED"), (MISTYPED_KEY, "INVALID_ARGUMENT")])
async def test_a_key_that_is_none_is_refused_before_anything_else(fake: FakeXAI, key: str, due: str) -> None:
    async with signed_in(fake, key) as client:
        status, said = await refused(client.image.sample(**{**DRAWING, "prompt": ""}))
        assert status == due
        assert key not in said
        uploaded, _ = await refused(client.models.list_image_generation_models())
        assert uploaded == due
    assert all(entry["headers"]["authorization"] == "Bearer ***" for entry in fake.log())


async def test_without_a_key_only_files_are_uploaded(fake: FakeXAI) -> None:
    async with _grpc.aio.insecure_channel(fake.base_url.removeprefix("grpc://")) as channel:
        ask: Any = channel.unary_unary("/xai_api.Video/GetDeferredVideo")
        assert (await refused(ask(b"")))[0] == "UNAUTHENTICATED"
        upload: Any = channel.stream_unary("/xai_api.Files/UploadFile")
        first = Chunk(init=files_pb2.UploadFileInit(name="a.mp4"))
        assert await upload(iter([first.SerializeToString()]))
        signed = upload(iter([first.SerializeToString()]), metadata=(("authorization", f"Bearer {WRONG_KEY}"),))
        assert (await refused(signed))[0] == "UNAUTHENTICATED"


@pytest.mark.parametrize(("credit", "due"), [("spent", "RESOURCE_EXHAUSTED"), ("none", "PERMISSION_DENIED")])
async def test_without_credit_nothing_is_made(fake: FakeXAI, client: Sdk, credit: Any, due: str) -> None:
    url = await filmed(fake, client, model=OLDER, duration=2)
    fake.settings(credit=credit)
    for asked in (
        client.image.sample(**DRAWING),
        client.video.start(**SHOT),
        client.video.extend_start(**EDIT, video_url=url),
    ):
        status, said = await refused(asked)
        assert (status, "credits" in said) == (due, True)


async def test_a_model_that_is_gone_is_not_found(fake: FakeXAI, client: Sdk) -> None:
    fake.settings(retired=["grok-imagine-image", NEWER])
    for asked in (
        client.image.sample(**{**DRAWING, "model": "grok-imagine-image"}),
        client.image.sample(**{**DRAWING, "model": NEWER}),
        client.video.start(**SHOT),
    ):
        assert (await refused(asked))[0] == "NOT_FOUND"
    listed = await client.models.list_image_generation_models()
    assert [model.name for model in listed] == ["grok-imagine-image-2.0", "grok-imagine-image-quality"]


# Videos


async def test_a_video_makes_progress_until_it_is_done(fake: FakeXAI, client: Sdk) -> None:
    fake.settings(polls=3)
    request_id = await shot(client, duration=3, resolution="480p", aspect_ratio="1:1")
    answers = [await client.video.get(request_id) for _ in range(5)]
    assert [answer.response.progress for answer in answers] == [0, 33, 66, 100, 100]
    assert [answer.status for answer in answers] == [3, 3, 3, 1, 1]
    video = answers[-1].response.video
    assert (video.duration, video.respect_moderation) == (3, True)
    assert watched(fetched(video.url)) == ((480, 480), 3, True)


@pytest.mark.parametrize(
    ("words", "size", "usd"),
    [
        ({"duration": 1}, (854, 480), 0.08),
        ({"duration": 2, "resolution": "720p", "aspect_ratio": "9:16"}, (720, 1280), 0.28),
        ({"duration": 1, "resolution": "1080p", "aspect_ratio": "4:3"}, (1440, 1080), 0.25),
        ({"duration": 1, "image_url": PICTURE, "last_frame_url": OTHER}, (854, 480), 0.1),
        ({"duration": 1, "model": OLDER, "resolution": "720p"}, (1280, 720), 0.07),
        ({"duration": 1, "model": OLDER, "reference_image_urls": [PICTURE]}, (854, 480), 0.052),
    ],
    ids=["480p", "720p", "1080p", "of two", "older", "older, of one"],
)
async def test_a_video_is_as_asked_and_says_what_it_cost(
    fake: FakeXAI, client: Sdk, words: dict[str, Any], size: tuple[int, int], usd: float
) -> None:
    made = await finished(fake, client, await shot(client, **words))
    assert watched(fetched(made.video.url)) == (size, words["duration"], True)
    assert made.usage.cost_in_usd_ticks == round(usd * 10**10)


async def test_a_video_lasts_eight_seconds_by_itself_and_can_be_silent(fake: FakeXAI, client: Sdk) -> None:
    url = await filmed(fake, client, generate_audio=False)
    assert watched(fetched(url))[1:] == (8, False)


FRAME = {"image_url": PICTURE, "timestamp": 2.0}


@pytest.mark.parametrize(
    "words",
    [
        {"prompt": "a blue kite"},
        {"model": OLDER},
        {"image_url": PICTURE},
        {"image_url": OTHER},
        {"last_frame_url": PICTURE},
        {"keyframes": [FRAME]},
        {"keyframes": [{**FRAME, "timestamp": 1.0}]},
        {"reference_image_urls": [PICTURE]},
        {"reference_audios": [{"voice_id": "ara"}]},
    ],
    ids=named,
)
async def test_every_word_changes_the_video(fake: FakeXAI, client: Sdk, words: dict[str, Any]) -> None:
    short = {"duration": 3}
    made, again, plain = [fetched(await filmed(fake, client, **given, **short)) for given in (words, words, {})]
    assert made == again
    assert made != plain


@pytest.mark.parametrize(
    "words",
    [
        {"duration": 15},
        {"duration": 10, "reference_image_urls": [PICTURE] * 7},
        {"prompt": "", "image_url": PICTURE},
        {"prompt": "", "last_frame_url": PICTURE},
        {"duration": 2, "keyframes": [{**FRAME, "timestamp": third / 3} for third in (2, 3)]},
        {"image_url": PICTURE, "last_frame_url": PICTURE, "keyframes": [FRAME]},
    ],
    ids=["long", "references", "first frame", "last frame", "close", "all frames"],
)
async def test_what_is_just_allowed_is_taken(client: Sdk, words: dict[str, Any]) -> None:
    assert await shot(client, **words)


@pytest.mark.parametrize(
    ("words", "about"),
    [
        ({"prompt": ""}, "prompt"),
        ({"prompt": " ", "reference_image_urls": [PICTURE]}, "prompt"),
        ({"duration": 0}, "duration"),
        ({"duration": 16}, "duration"),
        ({"duration": 11, "reference_image_urls": [PICTURE]}, "duration"),
        ({"resolution": "1080p", "model": OLDER}, "resolution"),
        ({"resolution": "1080p", "reference_image_urls": [PICTURE]}, "resolution"),
        ({"last_frame_url": PICTURE, "model": OLDER}, "last_frame"),
        ({"keyframes": [FRAME], "model": OLDER}, "keyframes"),
        ({"reference_audios": [{"voice_id": "ara"}], "model": OLDER}, "reference_audios"),
        ({"reference_audios": [{"voice_id": "ara"}] * 4}, "reference_audios"),
        ({"keyframes": [{**FRAME, "timestamp": second} for second in range(1, 6)]}, "keyframes"),
        ({"keyframes": [{**FRAME, "timestamp": 0.0}]}, "strictly inside"),
        ({"keyframes": [{**FRAME, "timestamp": 8.0}]}, "strictly inside"),
        ({"keyframes": [FRAME], "duration": 2}, "strictly inside"),
        ({"keyframes": [{**FRAME, "timestamp": 2.3}, FRAME]}, "apart"),
        ({"reference_image_urls": [PICTURE] * 8}, "reference_images"),
        ({"reference_image_urls": [PICTURE], "image_url": PICTURE}, "reference_images"),
        ({"reference_image_urls": [PICTURE], "last_frame_url": PICTURE}, "reference_images"),
        ({"reference_image_urls": [PICTURE], "keyframes": [FRAME]}, "reference_images"),
        ({"reference_image_urls": [PICTURE, uri(b"no picture")]}, "reference_images[1]"),
        ({"image_url": uri(b"no picture")}, "image:"),
        ({"last_frame_url": "https://example.com/a.png"}, "last_frame"),
        ({"keyframes": [{"image_file_id": "file_unknown", "timestamp": 1.0}]}, "keyframes[0]"),
        ({"prompt": "forbidden fruit"}, "moderation"),
    ],
    ids=named,
)
async def test_a_video_that_cannot_be_is_refused(client: Sdk, words: dict[str, Any], about: str) -> None:
    status, said = await refused(shot(client, **words))
    assert status == "INVALID_ARGUMENT"
    assert about in said


@pytest.mark.parametrize("field", ["aspect_ratio", "resolution"])
async def test_a_word_without_a_value_is_refused(client: Sdk, field: str) -> None:
    request = Filmed(prompt="a kite", model=NEWER, **{field: 0})
    status, said = await refused(client.video._stub.GenerateVideo(request))
    assert (status, field in said) == ("INVALID_ARGUMENT", True)


async def test_a_video_is_out_of_reach_once_it_has_expired(fake: FakeXAI, client: Sdk) -> None:
    request_id = await shot(client, duration=1)
    url = (await finished(fake, client, request_id)).video.url
    assert unfetched(url, authorization=f"Bearer {KEY}") == 400
    assert fetched(url)
    fake.expire(request_id)
    answer = await client.video.get(request_id)
    assert (answer.status, answer.HasField("response")) == (2, False)
    assert unfetched(url) == 404
    assert fake.counts()[DOWNLOAD] == 3


async def test_a_request_that_nobody_made_is_not_found(client: Sdk) -> None:
    assert (await refused(client.video.get("unknown")))[0] == "NOT_FOUND"


async def test_a_video_that_is_held_back_has_no_address(fake: FakeXAI, client: Sdk) -> None:
    made = await finished(fake, client, await shot(client, prompt="withheld fruit"))
    assert (made.video.url, made.video.respect_moderation, made.progress) == ("", False, 100)
    assert made.usage.cost_in_usd_ticks


# Earlier videos


async def own(fake: FakeXAI, client: Sdk) -> dict[str, str]:
    return {"video_url": await filmed(fake, client, duration=3)}


async def sent(fake: FakeXAI, client: Sdk) -> dict[str, str]:
    return {"video_url": uri(fetched(await filmed(fake, client, duration=3)), "video/mp4")}


async def uploaded(fake: FakeXAI, client: Sdk) -> dict[str, str]:
    film = fetched(await filmed(fake, client, duration=3))
    return {"video_file_id": (await client.files.upload(film, filename="film.mp4")).id}


@pytest.mark.parametrize("given", [own, sent, uploaded])
async def test_an_edit_has_the_length_and_the_size_of_its_source(
    fake: FakeXAI, client: Sdk, given: Callable[..., Awaitable[dict[str, str]]]
) -> None:
    source = await given(fake, client)
    one, again, other = [await filmed(fake, client, **{**EDIT, **source, **more}) for more in ({}, {}, {"prompt": "x"})]
    assert watched(fetched(one)) == ((854, 480), 3, True)
    assert fetched(one) == fetched(again)
    assert fetched(one) != fetched(other)


async def test_an_edit_is_made_smaller_where_its_source_is_too_large(fake: FakeXAI, client: Sdk) -> None:
    url = await filmed(fake, client, duration=1, resolution="1080p")
    assert watched(fetched(await filmed(fake, client, **EDIT, video_url=url)))[0] == (1280, 720)


@pytest.mark.parametrize(
    ("words", "about"),
    [
        ({"model": NEWER}, "editing"),
        ({"prompt": ""}, "prompt"),
        ({"duration": 3}, "duration"),
        ({"aspect_ratio": "1:1"}, "aspect_ratio"),
        ({"resolution": "480p"}, "resolution"),
        ({"image_url": PICTURE}, "image"),
        ({"reference_image_urls": [PICTURE]}, "references"),
        ({"video_url": "https://example.com/a.mp4"}, "fetched"),
        ({"video_url": uri(b"no film", "video/mp4")}, "MP4"),
        ({"video_url": PICTURE}, "MP4"),
        ({"prompt": "forbidden fruit"}, "moderation"),
    ],
    ids=named,
)
async def test_an_edit_that_cannot_be_is_refused(fake: FakeXAI, client: Sdk, words: dict[str, Any], about: str) -> None:
    url = await filmed(fake, client, duration=1)
    status, said = await refused(shot(client, **{**EDIT, "video_url": url, **words}))
    assert status == "INVALID_ARGUMENT"
    assert about in said


async def test_an_uploaded_picture_is_no_video_to_edit(client: Sdk) -> None:
    picture = await client.files.upload(drawn(), filename="film.mp4")
    assert "MP4" in (await refused(shot(client, **EDIT, video_file_id=picture.id)))[1]


async def test_what_is_too_long_or_has_expired_is_not_edited(fake: FakeXAI, client: Sdk) -> None:
    long = await filmed(fake, client, duration=9)
    assert "8.7" in (await refused(shot(client, **EDIT, video_url=long)))[1]
    request_id = await shot(client, duration=1)
    url = (await finished(fake, client, request_id)).video.url
    fake.expire(request_id)
    assert "fetched" in (await refused(shot(client, **EDIT, video_url=url)))[1]


@pytest.mark.parametrize(("words", "seconds", "usd"), [({}, 8, 0.3), ({"duration": 10}, 12, 0.5)], ids=["6 s", "10 s"])
async def test_an_extension_goes_on_where_its_source_ends(
    fake: FakeXAI, client: Sdk, words: dict[str, Any], seconds: int, usd: float
) -> None:
    url = await filmed(fake, client, duration=2)
    started = await client.video.extend_start(**EDIT, video_url=url, **words)
    made = await finished(fake, client, started.request_id)
    assert (made.video.duration, made.usage.cost_in_usd_ticks) == (seconds, round(usd * 10**10))
    assert watched(fetched(made.video.url)) == ((854, 480), seconds, True)


@pytest.mark.parametrize(
    ("words", "about"),
    [
        ({"model": NEWER}, "extension"),
        ({"prompt": ""}, "prompt"),
        ({"duration": 0}, "duration"),
        ({"duration": 11}, "duration"),
        ({"video_url": uri(b"no film", "video/mp4")}, "MP4"),
        ({"prompt": "forbidden fruit"}, "moderation"),
    ],
    ids=named,
)
async def test_an_extension_that_cannot_be_is_refused(
    fake: FakeXAI, client: Sdk, words: dict[str, Any], about: str
) -> None:
    url = await filmed(fake, client, duration=2)
    status, said = await refused(client.video.extend_start(**{**EDIT, "video_url": url, **words}))
    assert status == "INVALID_ARGUMENT"
    assert about in said


async def test_what_is_too_short_or_too_long_is_not_extended(fake: FakeXAI, client: Sdk) -> None:
    short = await filmed(fake, client, duration=1)
    assert "2 to 30" in (await refused(client.video.extend_start(**EDIT, video_url=short)))[1]
    longer = await filmed(fake, client, duration=12)
    for _ in range(2):
        started = await client.video.extend_start(**EDIT, video_url=longer, duration=10)
        longer = (await finished(fake, client, started.request_id)).video.url
    assert "2 to 30" in (await refused(client.video.extend_start(**EDIT, video_url=longer)))[1]
    fake.settings(shortest=0)
    assert await client.video.extend_start(**EDIT, video_url=short)


# Files


async def test_a_file_is_kept_until_it_is_deleted_or_expires(fake: FakeXAI, client: Sdk) -> None:
    kept = await client.files.upload(drawn(), filename="a.png", expires_after=3600)
    assert (kept.filename, kept.size) == ("a.png", len(drawn()))
    assert kept.expires_at.seconds == kept.created_at.seconds + 3600
    assert (await client.files.get(kept.id)).id == kept.id
    assert opened(await client.image.sample(**DRAWING, image_file_id=kept.id))
    assert (await client.files.delete(kept.id)).deleted
    for asked in (client.files.get(kept.id), client.files.delete(kept.id)):
        assert (await refused(asked))[0] == "NOT_FOUND"
    gone = await client.files.upload(drawn(), filename="b.png")
    fake.expire(gone.id)
    assert gone.id in (await refused(client.image.sample(**DRAWING, image_file_id=gone.id)))[1]


@pytest.mark.parametrize(
    "words",
    [{"filename": "a;b.png"}, {"filename": "x" * 256}, {"expires_after": 3599}, {"expires_after": 2_592_001}],
    ids=["sign", "long", "short-lived", "long-lived"],
)
async def test_a_file_that_cannot_be_kept_is_refused(client: Sdk, words: dict[str, Any]) -> None:
    assert (await refused(client.files.upload(b"x", **{"filename": "a", **words})))[0] == "INVALID_ARGUMENT"


@pytest.mark.parametrize(
    "chunks",
    [[], [{"data": b"x"}], [{"init": {"name": "a"}}, {"init": {"name": "a"}}], [{"init": {"name": "a"}}, {}]],
    ids=["none", "no init", "two", "empty"],
)
async def test_chunks_in_another_order_are_refused(client: Sdk, chunks: list[dict[str, Any]]) -> None:
    messages = [Chunk(**chunk) for chunk in chunks]
    assert (await refused(client.files._stub.UploadFile(iter(messages))))[0] == "INVALID_ARGUMENT"


async def test_what_would_be_kept_for_later_is_not_pretended(client: Sdk) -> None:
    keeping = {"storage_options": {"filename": "a"}}
    for asked in (client.image.sample(**DRAWING, **keeping), client.video.start(**SHOT, **keeping)):
        assert (await refused(asked))[0] == "UNIMPLEMENTED"


# What tests hold


async def test_a_call_is_noted_as_it_came(fake: FakeXAI, client: Sdk) -> None:
    await client.image.sample(**DRAWING, quality="low")
    await refused(client.video.get("unknown"))
    await client.files.upload(b"abc", filename="a")
    first, second, third = fake.log()
    assert (first["path"], first["status"], second["status"]) == ("/xai_api.Image/GenerateImage", 0, 5)
    assert first["body"]["prompt"] == "a red kite"
    assert first["body"]["quality"] == "IMG_QUALITY_LOW"
    assert "aspect_ratio" not in first["body"]
    assert (third["body"]["init"], third["body"]["size"]) == ({"name": "a"}, 3)
    assert KEY not in str(fake.log())
    assert fake.counts() == {IMAGE: 1, POLL: 1, UPLOAD: 1}
    assert fake.bodies(POLL) == [{"request_id": "unknown"}]


async def test_what_costs_money_is_counted(fake: FakeXAI, client: Sdk) -> None:
    await client.image.sample(**DRAWING)
    url = await filmed(fake, client, duration=2)
    await client.video.extend_start(**EDIT, video_url=url)
    await refused(shot(client, prompt=""))
    assert fake.paid() == 4
    assert fake.counts()[EXTENSION] == 1
    assert fake.counts()[VIDEO] == 2


async def test_a_status_may_come_instead_with_metadata(fake: FakeXAI, client: Sdk) -> None:
    fake.script(IMAGE, {"code": "RESOURCE_EXHAUSTED", "details": "slow down", "metadata": {"retry-after": "7"}})
    with pytest.raises(_grpc.aio.AioRpcError, match="slow down") as caught:
        await client.image.sample(**DRAWING)
    error: Any = caught.value
    assert dict(error.trailing_metadata()) == {"retry-after": "7"}
    assert opened(await client.image.sample(**DRAWING))


async def test_an_answer_may_be_another(fake: FakeXAI, client: Sdk) -> None:
    fake.script(IMAGE, {"body": {"model": "m", "images": []}})
    with pytest.raises(IndexError):
        await client.image.sample(**DRAWING)
    fake.script(POLL, {"body": {"status": "FAILED", "response": {"error": {"code": "internal_error"}}}})
    answer = await client.video.get(await shot(client))
    assert (answer.status, answer.response.error.code) == (4, "internal_error")


async def test_a_script_does_not_hide_a_mistake(fake: FakeXAI, client: Sdk) -> None:
    fake.script(IMAGE, {"body": {}})
    assert (await refused(client.image.sample(**{**DRAWING, "prompt": ""})))[0] == "INVALID_ARGUMENT"


async def test_an_answer_may_be_no_message(fake: FakeXAI, client: Sdk) -> None:
    fake.script(IMAGE, {"garbage": True})
    with pytest.raises(AttributeError):
        await client.image.sample(**DRAWING)


@pytest.mark.parametrize("fault", ["reset", "truncate"])
async def test_a_connection_may_break_but_not_the_next_one(fake: FakeXAI, client: Sdk, fault: str) -> None:
    fake.script(IMAGE, {fault: True})
    assert (await refused(client.image.sample(**DRAWING)))[0] == "UNAVAILABLE"
    async with signed_in(fake) as another:
        assert opened(await another.image.sample(**DRAWING))


async def test_a_call_may_hang_until_it_is_let_go(fake: FakeXAI, client: Sdk) -> None:
    fake.script(MODELS, {"hang": True})
    listed: list[Any] = []

    async def ask() -> None:
        listed.extend(await client.models.list_image_generation_models())

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(ask)
        await fake.seen(MODELS)
        assert not listed
        fake.release()
    assert listed


async def test_an_answer_may_come_a_byte_at_a_time(fake: FakeXAI, client: Sdk) -> None:
    fake.script(IMAGE, {"drip": True, "fixed": "jpeg"})

    async def ask() -> None:
        assert (await refused(client.image.sample(**DRAWING)))[0] == "UNAVAILABLE"

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(ask)
        await fake.seen(IMAGE)
        while fake.log()[0]["status"] is None:
            await anyio.lowlevel.checkpoint()
        fake.release()


async def test_the_large_picture_has_about_one_and_a_half_megabytes(fake: FakeXAI, client: Sdk) -> None:
    fake.script(IMAGE, {"fixed": "jpeg"}, {"fixed": "png"})
    jpeg, png = [await client.image.sample(**DRAWING) for _ in range(2)]
    assert 1_400_000 < len(await jpeg.image) < 1_700_000
    assert png.base64.startswith("data:image/png;base64,")


@pytest.mark.parametrize(
    ("request_name", "answer"),
    [
        ("POST /xai_api.Image/Draw", {}),
        (IMAGE, {"code": "OK"}),
        (IMAGE, {"status": 500}),
        (IMAGE, {"body": {"pictures": []}}),
    ],
    ids=["method", "code", "status", "body"],
)
def test_a_script_that_cannot_be_followed_is_refused(
    fake: FakeXAI, request_name: str, answer: dict[str, object]
) -> None:
    with pytest.raises(ValueError, match=r"."):
        fake.script(request_name, answer)


async def test_a_download_may_fail(fake: FakeXAI, client: Sdk) -> None:
    url = await filmed(fake, client, duration=1)
    fake.script(DOWNLOAD, {"status": 503})
    assert unfetched(url) == 503
    assert fetched(url)
