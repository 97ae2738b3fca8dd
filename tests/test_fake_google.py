"""The fake of Google, spoken to by the provider's own SDK: what stands on it is worth no more than it is strict."""

from __future__ import annotations

import base64
import io
import re
from collections.abc import Callable, Generator, Mapping
from typing import Any, TypeAlias

import av
import httpx2
import pytest
from google import genai
from google.genai import types
from PIL import Image

from fakes.google import KEY, FakeGoogle, running
from fakes.google.errors import WRONG_KEY
from fakes.google.samples import CLIP, DRAWING, MUSIC, PICTURE, SHOT, SPEECH, WORDS, block
from loopback.films import clip
from mediasmith.plugin.media import sniff
from mediasmith.testing import png

Sdk: TypeAlias = Any
"""The SDK: its types know too well what can be asked to be asked anything else."""

MADE = "POST /v1/interactions"

PROVIDER = running


@pytest.fixture(scope="module")
def sdk(held: FakeGoogle) -> Generator[Sdk]:
    options = types.HttpOptions(base_url=held.url, retry_options=types.HttpRetryOptions(attempts=1))
    with genai.Client(api_key=KEY, enterprise=False, http_options=options) as client:
        yield client


@pytest.fixture
def client(fake: FakeGoogle, sdk: Sdk) -> Sdk:
    return sdk


@pytest.fixture(scope="module")
def browser() -> Generator[httpx2.Client]:
    with httpx2.Client(trust_env=False, verify=False, timeout=30) as browser:
        yield browser


def named(words: object) -> str:
    """A name for a test, with files cut short."""
    return re.sub(r"\S{60,}", lambda word: f"{word[0][:20]}...{word[0][-12:]}", str(words))


def refused(ask: Callable[[], object]) -> tuple[int, str]:
    with pytest.raises(Exception) as caught:  # noqa: PT011 - the SDK has two families of errors, none of them public
        ask()
    error: Any = caught.value
    return getattr(error, "status_code", None) or error.code, str(error)


def bytes_of(medium: Any) -> bytes:
    return base64.b64decode(medium.data)


def shape(data: bytes) -> tuple[str | None, tuple[int, int]]:
    with Image.open(io.BytesIO(data)) as picture:
        return picture.format, picture.size


# Pictures


def test_a_picture_is_real_and_as_it_was_asked_for(client: Sdk) -> None:
    wish = {"type": "image", "aspect_ratio": "16:9", "image_size": "1K", "mime_type": "image/jpeg"}
    made = client.interactions.create(**{**DRAWING, "response_format": wish})
    form, (width, height) = shape(bytes_of(made.output_image))
    assert (made.status, made.output_image.mime_type, form) == ("completed", "image/jpeg", "JPEG")
    assert abs(width / height - 16 / 9) < 0.01
    assert made.usage.total_tokens > 0


@pytest.mark.parametrize(
    "words",
    [
        {"input": "a blue kite"},
        {"input": [WORDS, PICTURE]},
        {"model": "gemini-3-pro-image"},
        {"response_format": {"type": "image", "aspect_ratio": "1:8"}},
        {"generation_config": {"seed": 7}},
    ],
    ids=named,
)
def test_every_word_changes_the_picture(client: Sdk, words: dict[str, Any]) -> None:
    def drawn(**more: Any) -> bytes:
        return bytes_of(client.interactions.create(**{**DRAWING, **more}).output_image)

    assert drawn(**words) == drawn(**words)
    assert drawn(**words) != drawn()


@pytest.mark.parametrize(
    "words",
    [
        {"model": "gemini-2.5-flash-image"},
        {"response_format": {"type": "image", "image_size": "512"}},
        {"response_format": {"type": "image", "image_size": "2k"}},
        {"response_format": {"type": "image", "aspect_ratio": "7:5"}},
        {"model": "gemini-3-pro-image", "response_format": {"type": "image", "aspect_ratio": "1:8"}},
        {"response_format": {"type": "image", "mime_type": "image/png"}},
        {"response_format": {"type": "audio"}},
        {"extra_body": {"colour": "red"}},
        {"extra_body": {"generation_config": {"seed": 2**31}}},
        {"input": [WORDS, *[PICTURE] * 15]},
        {"input": [WORDS, block("image", b"none", "image/png")]},
        {"input": [WORDS, {**PICTURE, "mime_type": "image/jpeg"}]},
        {"input": [WORDS, {"type": "image", "uri": "https://x/v1/files/none", "mime_type": "image/png"}]},
        {"background": True, "store": False},
        {"background": True, "model": "gemini-3.1-flash-lite-image"},
        {"previous_interaction_id": "v1_none"},
        {"generation_config": {"speech_config": [{"voice": "Kore"}]}},
    ],
    ids=named,
)
def test_a_picture_that_cannot_be_is_refused(fake: FakeGoogle, client: Sdk, words: dict[str, Any]) -> None:
    status, _ = refused(lambda: client.interactions.create(**{**DRAWING, **words}))
    assert status in {400, 403, 404}
    assert fake.counts()[MADE] == 1


def test_a_series_has_its_pictures_in_two_steps_of_three(client: Sdk) -> None:
    made = client.interactions.create(**{**DRAWING, "input": "a kite, step by step"})
    steps = [[part.type for part in step.content] for step in made.steps if step.type == "model_output"]
    assert steps == [["image"], ["image"], ["text"]]


@pytest.mark.parametrize(("word", "says"), [("forbidden", "errors"), ("unmentioned", "words")])
def test_what_is_against_the_rules_is_answered_without_a_picture(client: Sdk, word: str, says: str) -> None:
    made = client.interactions.create(**{**DRAWING, "input": word})
    assert (made.status, made.output_image) == ("completed", None)
    assert bool(made.errors) is (says == "errors")
    assert bool(made.output_text) is (says == "words")


def test_work_in_the_background_takes_a_while_and_can_be_cancelled(fake: FakeGoogle, client: Sdk) -> None:
    name = client.interactions.create(**DRAWING, background=True).id
    states = [client.interactions.get(name).status for _ in range(3)]
    assert states == ["queued", "in_progress", "completed"]
    assert refused(lambda: client.interactions.cancel(name))[0] == 400
    other = client.interactions.create(**DRAWING, background=True).id
    assert client.interactions.cancel(other).status == "cancelled"
    assert client.interactions.get(other).status == "cancelled"
    assert fake.paid() == 2


def test_a_conversation_goes_on_from_what_is_finished_and_still_there(fake: FakeGoogle, client: Sdk) -> None:
    first = client.interactions.create(**DRAWING)
    night = {**DRAWING, "input": "at night"}
    edit = client.interactions.create(**night, previous_interaction_id=first.id)
    assert bytes_of(edit.output_image) != bytes_of(client.interactions.create(**night).output_image)
    slow = client.interactions.create(**DRAWING, background=True)
    assert refused(lambda: client.interactions.create(**night, previous_interaction_id=slow.id))[0] == 400
    fake.expire(first.id)
    assert refused(lambda: client.interactions.create(**night, previous_interaction_id=first.id))[0] == 404


# Videos


def shown(*media: object, task: str, **wish: Any) -> dict[str, Any]:
    body = {**SHOT, "input": [WORDS, *media], "generation_config": {"video_config": {"task": task}}}
    return {**body, "response_format": {**SHOT["response_format"], **wish}}


def filmed(fake: FakeGoogle, client: Sdk, body: Mapping[str, Any]) -> bytes:
    name = client.interactions.create(**body, background=True).id
    fake.finish()
    return client.files.download(file=client.interactions.get(name).output_video.uri)


def test_a_video_is_delivered_as_a_file_of_the_size_and_length_asked(fake: FakeGoogle, client: Sdk) -> None:
    found = clip(filmed(fake, client, shown(task="text_to_video", aspect_ratio="9:16")))
    assert found
    assert (found.size, found.seconds) == ("360x640", 3)


def test_frames_references_edits_and_extensions_make_other_videos(fake: FakeGoogle, client: Sdk) -> None:
    bodies = [
        shown(task="text_to_video"),
        shown(PICTURE, task="image_to_video"),
        shown(PICTURE, PICTURE, task="image_to_video"),
        shown(PICTURE, task="reference_to_video"),
        shown(CLIP, task="extend"),
        shown(CLIP, task="edit", duration=""),
    ]
    bodies[-1]["response_format"].pop("duration")
    assert len({filmed(fake, client, body) for body in bodies}) == len(bodies)


@pytest.mark.parametrize(
    "body",
    [
        {**SHOT, "generation_config": {}},
        shown(PICTURE, task="text_to_video"),
        shown(task="image_to_video"),
        shown(*[PICTURE] * 3, task="image_to_video"),
        shown(*[PICTURE] * 7, task="reference_to_video"),
        shown(task="edit"),
        shown(CLIP, task="edit"),
        shown(CLIP, task="extend", resolution="1080p"),
        shown(CLIP, task="extend", duration="11s"),
        shown(*[PICTURE] * 2, task="image_to_video", duration="11s"),
        shown(task="text_to_video", duration="2s"),
        shown(task="text_to_video", duration="16s"),
        shown(task="text_to_video", duration="3"),
        shown(task="text_to_video", aspect_ratio="1:1"),
        shown(task="text_to_video", resolution="4K"),
        shown(block("video", b"none", "video/mp4"), task="extend"),
    ],
    ids=named,
)
def test_a_video_that_cannot_be_is_refused(client: Sdk, body: dict[str, Any]) -> None:
    assert refused(lambda: client.interactions.create(**body, background=True))[0] == 400


# Sound


@pytest.mark.parametrize(
    ("mime", "form"), [("audio/wav", "audio/wav"), ("audio/mp3", "audio/mpeg"), ("audio/ogg_opus", "audio/ogg")]
)
def test_speech_is_of_the_type_asked(client: Sdk, mime: str, form: str) -> None:
    made = client.interactions.create(**{**SPEECH, "response_format": {"type": "audio", "mime_type": mime}})
    assert (made.output_audio.mime_type, sniff(bytes_of(made.output_audio)[:4096])) == (mime, form)


def test_samples_without_a_header_say_their_rate(client: Sdk) -> None:
    made = client.interactions.create(**{**SPEECH, "response_format": {"type": "audio", "mime_type": "audio/l16"}})
    assert made.output_audio.mime_type.startswith("audio/l16;rate=24000")
    assert not sniff(bytes_of(made.output_audio)[:4096])


def said(text: str, speaker: str = "") -> dict[str, Any]:
    return {"type": "text", "text": text, "annotations": [{"type": "speech_metadata", "speaker": speaker or "Anna"}]}


PAIR = {"speakers": [{"speaker": "Anna", "voice": "Kore"}, {"speaker": "Ben", "voice": "Puck"}]}


def test_two_speakers_have_turns_of_their_own(client: Sdk) -> None:
    body = {**SPEECH, "input": [said("Good morning."), said("Hello.", "Ben")]}
    made = client.interactions.create(**{**body, "generation_config": {"speech_config": PAIR}})
    assert made.output_audio


@pytest.mark.parametrize(
    "words",
    [
        {"generation_config": {"speech_config": PAIR}},
        {"input": [said("Hi.", "Carl")], "generation_config": {"speech_config": PAIR}},
        {"input": [said("Hi.")], "generation_config": {"speech_config": {"speakers": PAIR["speakers"] * 2}}},
        {"generation_config": {"speech_config": [{"voice": "Nobody"}]}},
        {"response_format": {"type": "audio", "mime_type": "audio/flac"}},
        {"response_format": {"type": "image"}},
        {"input": [WORDS, PICTURE]},
        {"background": True},
    ],
    ids=named,
)
def test_speech_that_cannot_be_is_refused(client: Sdk, words: dict[str, Any]) -> None:
    assert refused(lambda: client.interactions.create(**{**SPEECH, **words}))[0] == 400


def test_music_comes_with_its_words(client: Sdk) -> None:
    for model in ("lyria-3.5", "lyria-3-clip-preview"):
        made = client.interactions.create(**{**MUSIC, "model": model})
        container: Any = av.open(io.BytesIO(bytes_of(made.output_audio)))
        with container:
            assert container.format.name == "mp3"
        assert "[Verse]" in made.output_text
    assert refused(lambda: client.interactions.create(**MUSIC, response_format={"type": "audio"}))[0] == 400


def test_voices_are_listed_with_the_accounts_own_first(client: Sdk) -> None:
    voices = client.voices.list(page_size=1000).voices
    assert [voice.type for voice in voices][:2] == ["prompted", "prebuilt"]
    assert client.voices.list(page_size=2).next_page_token


# Files


def uploaded(client: Sdk, data: bytes = png(), mime: str = "image/png") -> Any:
    return client.files.upload(file=io.BytesIO(data), config={"mime_type": mime})


def test_an_upload_is_used_once_it_is_ready(fake: FakeGoogle, client: Sdk) -> None:
    fake.settings(processing=1)
    file = uploaded(client)
    body = {**DRAWING, "input": [WORDS, {"type": "image", "uri": file.uri, "mime_type": "image/png"}]}
    assert (file.state.value, refused(lambda: client.interactions.create(**body))[0]) == ("PROCESSING", 400)
    assert client.files.get(name=file.name).state.value == "ACTIVE"
    assert client.interactions.create(**body).output_image
    assert refused(lambda: client.files.download(file=file.name))[0] == 404
    fake.expire(file.name.removeprefix("files/"))
    assert refused(lambda: client.interactions.create(**body))[0] == 403


def test_an_upload_is_what_it_was_announced_to_be(fake: FakeGoogle, browser: httpx2.Client) -> None:
    address = f"{fake.url}/upload/v1/files"
    start = {
        "x-goog-api-key": KEY,
        "x-goog-upload-protocol": "resumable",
        "x-goog-upload-command": "start",
        "x-goog-upload-header-content-length": "4",
        "x-goog-upload-header-content-type": "image/png",
    }
    announced = {"file": {"mime_type": "image/png", "size_bytes": 4}}
    longer = {**announced["file"], "size_bytes": 5}
    assert browser.post(address, headers=start, json={"file": {"mime_type": "image/png"}}).status_code == 400
    assert browser.post(address, headers=start, json={"file": longer}).status_code == 400
    assert browser.post(address, headers={**start, "x-goog-api-key": ""}, json=announced).status_code == 403
    where = browser.post(address, headers=start, json=announced).headers["x-goog-upload-url"]
    bring = {"x-goog-upload-command": "upload, finalize", "x-goog-upload-offset": "0"}
    assert browser.post(where, headers=bring, content=b"12345").status_code == 400
    assert browser.post(where, headers=bring, content=b"1234").json()["file"]["state"] == "ACTIVE"
    assert browser.post(where, headers=bring, content=b"1234").status_code == 404


def test_an_upload_comes_in_pieces_that_go_on_from_each_other(fake: FakeGoogle, browser: httpx2.Client) -> None:
    piece, size = 256 * 1024, 256 * 1024 + 3
    start = {
        "x-goog-api-key": KEY,
        "x-goog-upload-protocol": "resumable",
        "x-goog-upload-command": "start",
        "x-goog-upload-header-content-length": str(size),
        "x-goog-upload-header-content-type": "image/png",
    }
    announced = {"file": {"mime_type": "image/png", "size_bytes": size}}
    answer = browser.post(f"{fake.url}/upload/v1/files", headers=start, json=announced)
    where = answer.headers["x-goog-upload-url"]

    def send(length: int, offset: int, command: str = "upload") -> httpx2.Response:
        headers = {"x-goog-upload-command": command, "x-goog-upload-offset": str(offset)}
        return browser.post(where, headers=headers, content=bytes(length))

    for wrong in (
        send(piece, 1),
        send(1000, 0),
        send(size, 0),
        send(piece, 0, "query"),
        send(3, 0, "upload, finalize"),
    ):
        assert wrong.status_code == 400
    assert send(piece, 0).headers["x-goog-upload-status"] == "active"
    assert send(3, 0, "upload, finalize").status_code == 400
    assert send(3, piece, "upload, finalize").json()["file"]["state"] == "ACTIVE"


# What every request shares


def test_a_missing_key_and_a_wrong_one_are_refused(fake: FakeGoogle, browser: httpx2.Client) -> None:
    assert browser.get(f"{fake.url}/v1/voices").status_code == 403
    answer = browser.get(f"{fake.url}/v1/voices", headers={"x-goog-api-key": WRONG_KEY})
    assert (answer.status_code, answer.json()["error"]["details"][0]["reason"]) == (400, "API_KEY_INVALID")


def test_a_model_that_is_gone_is_not_found(fake: FakeGoogle, client: Sdk) -> None:
    fake.settings(retired=["lyria-3.5"])
    assert refused(lambda: client.interactions.create(**MUSIC))[0] == 404
