"""The fake of OpenAI, spoken to by the provider's own SDK: what stands on it is worth no more than it is strict."""

from __future__ import annotations

import base64
import io
import re
from collections.abc import Callable, Generator, Mapping
from typing import Any, TypeAlias

import av
import httpx2
import openai
import pytest
from openai import OpenAI
from openai.types.responses.response_output_item import ImageGenerationCall
from PIL import Image

from fakes.openai import KEY, FakeOpenAI, running
from fakes.openai.__main__ import CONTRACT, ROUTES
from fakes.openai.errors import WRONG_KEY
from fakes.openai.newer import REQUESTS
from loopback.contract import Contract, Newer

pytestmark = pytest.mark.filterwarnings("ignore:The Sora API")

Sdk: TypeAlias = Any
"""The SDK: its types know too well what can be asked to be asked anything else."""

DRAWING: Mapping[str, Any] = {"model": "gpt-image-2.6-flare", "prompt": "a red kite", "size": "1024x640"}
TOOL: Mapping[str, Any] = {"type": "image_generation", "size": "1024x640"}
TALK: Mapping[str, Any] = {"model": "gpt-6-luna", "input": "a red kite"}
SPEECH: Mapping[str, Any] = {"model": "gpt-4o-mini-tts", "voice": "marin", "input": "Good morning to you."}
SHOT: Mapping[str, Any] = {"prompt": "a red kite"}

PROVIDER = running


@pytest.fixture(scope="module")
def browser() -> Generator[httpx2.Client]:
    with httpx2.Client(trust_env=False, verify=False, timeout=30) as browser:
        yield browser


@pytest.fixture
def client(fake: FakeOpenAI, browser: httpx2.Client) -> Sdk:
    """The SDK, which looks closely at every answer."""
    return OpenAI(
        api_key=KEY, base_url=fake.base_url, max_retries=0, http_client=browser, _strict_response_validation=True
    )


def png(size: tuple[int, int] = (64, 64), mode: str = "RGBA") -> bytes:
    file = io.BytesIO()
    Image.new(mode, size).save(file, "png")
    return file.getvalue()


def uri(data: bytes) -> str:
    return f"data:image/png;base64,{base64.b64encode(data).decode()}"


PICTURE = ("a.png", png(), "image/png")
URI = uri(png())


SHOWN = {"type": "input_image", "detail": "auto", "image_url": URI}


def masked(mask: Mapping[str, str], **words: Any) -> dict[str, Any]:
    """What else a request needs that edits a part of a picture."""
    message = {"role": "user", "content": [{"type": "input_text", "text": "make it blue"}, SHOWN]}
    return {"input": [message], "tools": [{**TOOL, "input_image_mask": mask, **words}]}


def named(words: object) -> str:
    """A name for a test, with files cut short."""
    return re.sub(r"\S{60,}", lambda word: f"{word[0][:20]}...{word[0][-12:]}", str(words))


def opened(image: str | None) -> Image.Image:
    picture = Image.open(io.BytesIO(base64.b64decode(image or "")))
    picture.load()
    return picture


def decoded(data: bytes) -> tuple[float, Any]:
    """How long a file lasts when all of it is played, and what it is."""
    container: Any = av.open(io.BytesIO(data))
    with container:
        stream = (container.streams.video or container.streams.audio)[0]
        frames = list(container.decode(stream))
        seconds = sum(getattr(frame, "samples", 0) for frame in frames) / getattr(stream, "rate", 1)
        return seconds or len(frames), stream


def refused(ask: Callable[[], object]) -> openai.APIStatusError:
    with pytest.raises(openai.APIStatusError) as caught:
        ask()
    # The contract is not at hand everywhere: what is refused is refused without it.
    assert caught.value.code != "contract_violation"
    return caught.value


# Pictures


@pytest.mark.parametrize(
    ("words", "form"),
    [
        ({}, "PNG"),
        ({"output_format": "png", "background": "transparent"}, "PNG"),
        ({"output_format": "jpeg", "output_compression": 50}, "JPEG"),
        ({"output_format": "webp", "background": "transparent"}, "WEBP"),
        ({"output_format": "gif", "frame_count": 3, "frame_duration_ms": 120}, "GIF"),
    ],
    ids=named,
)
def test_a_picture_is_real_and_as_it_was_asked_for(client: Sdk, words: dict[str, Any], form: str) -> None:
    answer = client.images.generate(**DRAWING, **words)
    (made,) = answer.data
    picture = opened(made.b64_json)
    assert (picture.format, picture.size, answer.size) == (form, (1024, 640), "1024x640")
    assert (answer.output_format, answer.background) == (form.lower(), words.get("background", "opaque"))
    assert picture.has_transparency_data is (answer.background == "transparent")
    assert getattr(picture, "n_frames", 1) == words.get("frame_count", 1)
    assert picture.info.get("duration", 0) == words.get("frame_duration_ms", 0)


def test_an_svg_is_markup_of_the_size_asked(client: Sdk) -> None:
    answer = client.images.generate(**DRAWING, output_format="svg", svg={"model": "gpt-6-sol"})
    (made,) = answer.data
    markup = base64.b64decode(made.b64_json or "").decode()
    assert markup.startswith("<svg ")
    assert 'width="1024" height="640"' in markup
    assert answer.svg_usage
    assert answer.svg_usage.model == "gpt-6-sol"


@pytest.mark.parametrize(
    "words",
    [
        {"prompt": "a blue kite"},
        {"model": "gpt-image-2.6-sunburst"},
        {"quality": "xhigh"},
        {"complexity": "low"},
        {"moderation": "low"},
        {"size": "1536x1024"},
        {"background": "transparent"},
        {"output_format": "webp"},
    ],
    ids=named,
)
def test_every_word_changes_the_picture(client: Sdk, words: dict[str, Any]) -> None:
    def drawn(**more: Any) -> bytes:
        return opened(client.images.generate(**{**DRAWING, **more}).data[0].b64_json).convert("RGB").tobytes()

    assert drawn(**words) == drawn(**words)
    assert drawn(**words) != drawn()


def test_several_pictures_differ_and_their_tokens_are_counted(client: Sdk) -> None:
    answer = client.images.generate(**DRAWING, n=3)
    assert len({image.b64_json for image in answer.data}) == 3
    assert answer.usage
    assert answer.usage.total_tokens == answer.usage.input_tokens + answer.usage.output_tokens
    assert answer._request_id


@pytest.mark.parametrize(
    ("words", "code", "param"),
    [
        ({"style": "vivid"}, "unknown_parameter", "style"),
        ({"response_format": "b64_json"}, "unknown_parameter", "response_format"),
        ({"prompt": ""}, "string_too_short", "prompt"),
        ({"prompt": "x" * 32_001}, "string_above_max_length", "prompt"),
        ({"n": 11}, "integer_above_max_value", "n"),
        ({"n": "2"}, "invalid_type", "n"),
        ({"quality": None}, "invalid_value", "quality"),
        ({"quality": "hd"}, "invalid_value", "quality"),
        ({"quality": "xhigh", "model": "gpt-image-2"}, "invalid_value", "quality"),
        ({"size": "16:9"}, "invalid_value", "size"),
        ({"size": "1000x1000"}, "invalid_value", "size"),
        ({"size": "512x512"}, "invalid_value", "size"),
        ({"size": "3856x1600"}, "invalid_value", "size"),
        ({"size": "3200x1024"}, "invalid_value", "size"),
        ({"size": "3840x2176"}, "invalid_value", "size"),
        ({"size": "1536x864", "model": "gpt-image-1.5"}, "invalid_value", "size"),
        ({"background": "transparent", "output_format": "jpeg"}, "invalid_value", "background"),
        ({"output_compression": 50}, "invalid_value", "output_compression"),
        ({"output_compression": 101, "output_format": "webp"}, "integer_above_max_value", "output_compression"),
        ({"output_compression": 50, "output_format": "gif"}, "invalid_value", "output_compression"),
        ({"frame_count": 3}, "invalid_value", "frame_count"),
        ({"frame_count": 17, "output_format": "gif"}, "integer_above_max_value", "frame_count"),
        ({"frame_duration_ms": 100}, "invalid_value", "frame_duration_ms"),
        ({"stream": True, "output_format": "gif"}, "invalid_value", "stream"),
        ({"partial_images": 1}, "invalid_value", "partial_images"),
        ({"svg": {"model": "gpt-6-sol"}}, "invalid_value", "svg"),
        ({"svg": {}, "output_format": "svg"}, "missing_required_parameter", "svg.model"),
        ({"n": 2, "output_format": "svg"}, "invalid_value", "n"),
        ({"stream": True, "output_format": "svg"}, "invalid_value", "stream"),
        ({"input_fidelity": "high"}, "unknown_parameter", "input_fidelity"),
    ],
    ids=named,
)
def test_a_picture_that_cannot_be_is_refused(client: Sdk, words: dict[str, Any], code: str, param: str) -> None:
    error = refused(lambda: client.images.generate(**DRAWING, extra_body=words))
    assert (error.status_code, error.code, error.param) == (400, code, param)


def test_a_stream_brings_partial_pictures_and_then_the_whole_one(client: Sdk) -> None:
    with client.images.generate(**DRAWING, stream=True, partial_images=2) as stream:
        events = list(stream)
    kinds = ["image_generation.partial_image"] * 2 + ["image_generation.completed"]
    assert [event.type for event in events] == kinds
    assert opened(events[-1].b64_json).size == (1024, 640)


# Edits


def edited(client: Sdk, **words: Any) -> bytes:
    answer = client.images.edit(**{**DRAWING, "image": PICTURE, **words})
    return opened(answer.data[0].b64_json).tobytes()


@pytest.mark.parametrize(
    "words",
    [
        {"image": ("a.png", png((64, 32)), "image/png")},
        {"image": [PICTURE, PICTURE]},
        {"mask": ("m.png", png(), "image/png")},
        {"markup": ("m.png", png(), "image/png")},
        {"quality": "low"},
        {"model": "gpt-image-1.5", "size": "1024x1024", "input_fidelity": "high"},
    ],
    ids=["another", "two", "mask", "markup", "quality", "fidelity"],
)
def test_everything_in_an_edit_changes_the_picture(client: Sdk, words: dict[str, Any]) -> None:
    assert edited(client, **words) == edited(client, **words)
    assert edited(client, **words) != edited(client)


def test_an_edit_of_an_svg_names_its_author(client: Sdk) -> None:
    answer = client.images.edit(**DRAWING, image=PICTURE, output_format="svg", svg={"model": "gpt-6-sol"})
    assert answer.svg_usage


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ({"image": png()}, "unsupported_file_mimetype"),
        ({"image": ("a.gif", png(), "image/gif")}, "unsupported_file_mimetype"),
        ({"image": ("a.jpg", png(), "image/jpeg")}, "invalid_image_file"),
        ({"image": ("a.png", b"no picture", "image/png")}, "invalid_image_file"),
        ({"image": (None, png(), "image/png")}, "unknown_parameter"),
        ({"image": [PICTURE] * 17}, "array_above_max_length"),
        ({"mask": ("m.png", png((32, 32)), "image/png")}, "invalid_image_file"),
        ({"mask": ("m.png", png(mode="RGB"), "image/png")}, "invalid_image_file"),
        ({"mask": ("m.webp", png(), "image/webp")}, "unsupported_file_mimetype"),
        ({"mask": PICTURE, "markup": PICTURE}, "invalid_value"),
        ({"mask": PICTURE, "output_format": "gif"}, "invalid_value"),
        ({"markup": PICTURE, "model": "gpt-image-2"}, "invalid_value"),
        ({"input_fidelity": "high"}, "invalid_input_fidelity_model"),
        ({"input_fidelity": "high", "model": "gpt-image-1-mini", "size": "auto"}, "invalid_input_fidelity_model"),
        ({"extra_body": {"moderation": "low"}}, "unknown_parameter"),
        ({"size": "1000x1000"}, "invalid_value"),
    ],
)
def test_an_edit_that_cannot_be_is_refused(client: Sdk, words: dict[str, Any], code: str) -> None:
    error = refused(lambda: client.images.edit(**{**DRAWING, "image": PICTURE, **words}))
    assert (error.status_code, error.code) == (400, code)


def test_an_edit_in_json_or_with_another_file_is_refused(fake: FakeOpenAI, browser: httpx2.Client) -> None:
    address, headers = f"{fake.base_url}/images/edits", {"authorization": f"Bearer {KEY}"}
    assert browser.post(address, headers=headers, json=dict(DRAWING)).status_code == 400
    files = {"image": PICTURE, "picture": PICTURE}
    answer = browser.post(address, headers=headers, data=dict(DRAWING), files=files)
    assert answer.json()["error"]["code"] == "unknown_parameter"


# What every request shares


@pytest.mark.parametrize(("word", "stage"), [("forbidden", "input"), ("withheld", "output")])
def test_what_is_against_the_rules_is_blocked_with_details(client: Sdk, word: str, stage: str) -> None:
    asked: dict[str, Any] = {"model": "gpt-image-2", "prompt": f"a {word} thing"}
    asks: list[Callable[[], object]] = [
        lambda: client.images.generate(**asked),
        lambda: client.images.edit(image=PICTURE, **asked),
    ]
    for ask in asks:
        error = refused(ask)
        assert (error.status_code, error.code) == (400, "moderation_blocked")
        body: Any = error.body
        assert body["type"] == "image_generation_user_error"
        assert body["moderation_details"] == {"categories": ["violence"], "moderation_stage": stage}


def test_a_missing_key_and_a_wrong_one_are_refused(fake: FakeOpenAI, browser: httpx2.Client) -> None:
    for headers, code in (({}, None), ({"authorization": f"Bearer {WRONG_KEY}"}, "invalid_api_key")):
        answer = browser.get(f"{fake.base_url}/models", headers=headers)
        assert (answer.status_code, answer.json()["error"]["code"]) == (401, code)


def test_models_are_listed_with_the_day_they_go_and_refused_when_they_have_gone(fake: FakeOpenAI, client: Sdk) -> None:
    days = {model.id: model.shutdown_date for model in client.models.list()}
    assert days["gpt-image-1.5"] == "2026-12-01"
    assert days["gpt-image-2.6-flare"] is None
    assert "gpt-image-1" not in days
    fake.settings(retired=["gpt-image-2.6-flare", "gpt-4o-mini-tts", "gpt-6-luna", "sora-2"])
    asks: list[Callable[[], object]] = [
        lambda: client.images.generate(**DRAWING),
        lambda: client.images.edit(**DRAWING, image=PICTURE),
        lambda: client.images.generate(model="gpt-image-1", prompt="a kite"),
        lambda: client.responses.create(**TALK),
        lambda: client.audio.speech.create(**SPEECH),
        lambda: client.videos.create(**SHOT),
    ]
    for ask in asks:
        error = refused(ask)
        assert (error.status_code, error.code) == (404, "model_not_found")
    assert "gpt-image-2.6-flare" not in {model.id for model in client.models.list()}


def test_the_log_hides_the_key_and_shows_files_by_name_type_size_and_print(fake: FakeOpenAI, client: Sdk) -> None:
    client.images.edit(**DRAWING, image=[PICTURE], n=2)
    (entry,) = fake.log()
    assert entry["headers"]["authorization"] == "Bearer ***"
    assert KEY not in str(entry)
    assert entry["body"]["fields"] == {**DRAWING, "n": "2"}
    (file,) = entry["body"]["files"]
    assert (file["field"], file["name"], file["mime"], file["size"]) == ("image[]", "a.png", "image/png", len(png()))
    assert len(file["sha256"]) == 64


def test_requests_that_cost_money_are_counted(fake: FakeOpenAI, client: Sdk) -> None:
    client.images.generate(**DRAWING)
    refused(lambda: client.images.generate(**DRAWING, n=11))
    client.models.list()
    video = client.videos.create(**SHOT)
    client.videos.retrieve(video.id)
    assert fake.paid() == 3
    assert fake.counts()["POST /v1/images/generations"] == 2
    assert fake.counts()["GET /v1/videos/{id}"] == 1


def test_answers_can_be_scripted(fake: FakeOpenAI, client: Sdk) -> None:
    limit = {"error": {"message": "slow", "type": "tokens", "param": None, "code": "rate_limit_exceeded"}}
    fake.script(
        "POST /v1/images/generations",
        {"status": 429, "headers": {"retry-after": "7"}, "body": limit},
        {"status": 529, "times": 2},
        {"html": True, "status": 502},
        {"reset": True},
        {"garbage": True},
        {"truncate": True},
    )
    error = refused(lambda: client.images.generate(**DRAWING))
    assert (error.status_code, error.code, error.response.headers["retry-after"]) == (429, "rate_limit_exceeded", "7")
    statuses = [refused(lambda: client.images.generate(**DRAWING)).status_code for _ in range(3)]
    assert statuses == [529, 529, 502]
    for _ in range(3):
        with pytest.raises(openai.APIConnectionError):
            client.images.generate(**DRAWING)
    assert client.images.generate(**DRAWING).data


def test_the_large_picture_can_be_had_from_everything_that_draws(fake: FakeOpenAI, client: Sdk) -> None:
    fake.script("POST /v1/images/generations", {"fixed": "jpeg"})
    fake.script("POST /v1/responses", {"fixed": "png"})
    (image,) = client.images.generate(**DRAWING).data
    call = called(client.responses.create(**TALK, tools=[TOOL]))
    assert [len(base64.b64decode(each or "")) > 1_400_000 for each in (image.b64_json, call.result)] == [True, True]


# Conversations


def called(response: Any) -> ImageGenerationCall:
    (call,) = [item for item in response.output if isinstance(item, ImageGenerationCall)]
    return call


def test_a_response_makes_a_picture_with_the_tool_it_was_given(client: Sdk) -> None:
    response = client.responses.create(
        **TALK, tools=[{**TOOL, "output_format": "jpeg"}], tool_choice={"type": "image_generation"}
    )
    call = called(response)
    assert response.output[0].type == "reasoning"
    assert (call.status, call.action, call.size, call.output_format) == ("completed", "generate", "1024x640", "jpeg")
    assert (opened(call.result).format, opened(call.result).size) == ("JPEG", (1024, 640))
    assert response.tool_usage
    assert response.tool_usage.image_gen.output_tokens > 0
    assert response.usage


def test_a_conversation_goes_on_from_a_response_a_picture_or_a_call(client: Sdk) -> None:
    first = client.responses.create(**TALK, tools=[TOOL])
    plain = called(client.responses.create(model="gpt-6-luna", input="make it blue", tools=[TOOL]))
    message = {"role": "user", "content": [{"type": "input_text", "text": "make it blue"}, SHOWN]}
    reference = {"type": "image_generation_call", "id": called(first).id}
    ways: list[dict[str, Any]] = [
        masked({"image_url": URI}),
        {"input": "make it blue", "previous_response_id": first.id},
        {"input": [message]},
        {"input": [reference, {"role": "user", "content": "make it blue"}]},
    ]
    calls = [called(client.responses.create(**{"model": "gpt-6-luna", "tools": [TOOL], **way})) for way in ways]
    assert [call.action for call in (plain, *calls)] == ["generate", "edit", "edit", "edit", "edit"]
    assert len({call.result for call in (plain, *calls)}) == 5


def test_a_response_that_is_not_there_or_not_any_more_cannot_be_continued(fake: FakeOpenAI, client: Sdk) -> None:
    unstored = client.responses.create(**TALK, tools=[TOOL], store=False)
    expired = client.responses.create(**TALK, tools=[TOOL])
    fake.expire(expired.id)
    for name in ("resp_never", unstored.id, expired.id):
        error = refused(lambda name=name: client.responses.create(**TALK, previous_response_id=name))
        assert (error.status_code, error.code) == (400, "previous_response_not_found")
        assert refused(lambda name=name: client.responses.retrieve(name)).status_code == 404


def test_work_in_the_background_is_queued_then_runs_and_is_then_complete(fake: FakeOpenAI, client: Sdk) -> None:
    response = client.responses.create(**TALK, tools=[TOOL], background=True)
    assert (response.status, response.output) == ("queued", [])
    states = [client.responses.retrieve(response.id) for _ in range(4)]
    assert [state.status for state in states] == ["queued", "in_progress", "completed", "completed"]
    assert [len(state.output) for state in states] == [0, 0, 2, 2]
    fake.settings(polls=1000)
    slow = client.responses.create(**TALK, tools=[TOOL], background=True)
    assert [client.responses.retrieve(slow.id).status for _ in range(5)][-1] == "in_progress"
    fake.finish()
    assert client.responses.retrieve(slow.id).status == "completed"


def test_background_work_can_be_cancelled_and_other_work_cannot(client: Sdk) -> None:
    response = client.responses.create(**TALK, tools=[TOOL], background=True)
    assert client.responses.cancel(response.id).status == "cancelled"
    assert client.responses.retrieve(response.id).status == "cancelled"
    done = client.responses.create(**TALK)
    assert refused(lambda: client.responses.cancel(done.id)).status_code == 400


def test_moderation_shows_in_a_response_in_three_ways(client: Sdk) -> None:
    asked: dict[str, Any] = {"model": "gpt-6-luna", "tools": [TOOL]}
    assert refused(lambda: client.responses.create(input="forbidden", **asked)).code == "moderation_blocked"
    later = client.responses.create(input="forbidden", background=True, **asked)
    failed = [client.responses.retrieve(later.id) for _ in range(3)][-1]
    assert failed.status == "failed"
    assert failed.error
    assert failed.error.code == "image_content_policy_violation"
    call = called(client.responses.create(input="withheld", **asked))
    assert (call.status, call.result) == ("failed", None)
    assert call.error
    assert call.error.moderation_details
    assert (call.error.code, call.error.moderation_details.moderation_stage) == ("moderation_blocked", "output")


def test_a_model_that_may_choose_can_answer_in_words(client: Sdk) -> None:
    words: dict[str, Any] = {"model": "gpt-6-luna", "input": "explain kites", "tools": [TOOL]}
    assert client.responses.create(**words).output_text
    assert called(client.responses.create(**words, tool_choice="required")).result
    assert client.responses.create(**TALK, tools=[TOOL], tool_choice="none").output_text


@pytest.mark.parametrize(
    ("words", "param"),
    [
        ({"colour": "red"}, "colour"),
        ({"stream": True}, "stream"),
        ({"background": True, "store": False}, "store"),
        ({"tools": [], "tool_choice": {"type": "image_generation"}}, "tool_choice"),
        ({"tools": [{"type": "web_search"}]}, "tools[0].type"),
        ({"tools": [{**TOOL, "n": 2}]}, "tools[0].n"),
        ({"tools": [{**TOOL, "size": "1000x1000"}]}, "tools[0].size"),
        ({"tools": [{**TOOL, "partial_images": 1}]}, "tools[0].partial_images"),
        ({"tools": [{**TOOL, "action": "edit"}]}, "tools[0].action"),
        ({"tools": [{**TOOL, "input_fidelity": "high"}]}, "tools[0].input_fidelity"),
        ({"tools": [{**TOOL, "input_image_mask": {"image_url": URI}}]}, "tools[0].action"),
        ({"tools": [{**TOOL, "background": "transparent", "output_format": "gif"}]}, "tools[0].background"),
        ({"tools": [TOOL, TOOL]}, "tools"),
        (masked({"image_url": uri(png(mode="RGB"))}), "tools[0].input_image_mask"),
        (masked({"image_url": uri(png((32, 32)))}), "tools[0].input_image_mask"),
        (masked({"image_url": URI}, output_format="gif"), "tools[0].mask"),
        ({"input": ""}, None),
        ({"input": [{"role": "user", "content": [{**SHOWN, "detail": "close"}]}]}, None),
        ({"input": [{"role": "user", "content": [{**SHOWN, "image_url": URI[:-9]}]}]}, None),
        ({"input": [{"role": "user", "content": [{**SHOWN, "image_url": URI.replace("png", "jpeg", 1)}]}]}, None),
        ({"input": [{"type": "image_generation_call", "id": "ig_never"}]}, "input"),
    ],
    ids=named,
)
def test_a_conversation_that_cannot_be_is_refused(client: Sdk, words: dict[str, Any], param: str | None) -> None:
    error = refused(lambda: client.responses.create(**TALK, extra_body=words))
    assert error.status_code in (400, 404)
    assert param is None or error.param == param


# Speech


@pytest.mark.parametrize(
    ("form", "codec", "mime"),
    [
        ("mp3", "mp3", "audio/mpeg"),
        ("opus", "opus", "audio/opus"),
        ("aac", "aac", "audio/aac"),
        ("flac", "flac", "audio/flac"),
        ("wav", "pcm_s16le", "audio/wav"),
    ],
)
def test_speech_is_real_in_every_format(client: Sdk, form: Any, codec: str, mime: str) -> None:
    answer = client.audio.speech.create(**SPEECH, response_format=form)
    seconds, stream = decoded(answer.content)
    assert (stream.codec_context.name.removesuffix("float"), answer.response.headers["content-type"]) == (codec, mime)
    assert seconds == pytest.approx(1.0, abs=0.15)


def test_speech_without_a_header_is_samples_and_wav_leaves_its_length_open(client: Sdk) -> None:
    samples = client.audio.speech.create(**SPEECH, response_format="pcm").content
    assert len(samples) == 2 * 24_000
    sound = client.audio.speech.create(**SPEECH, response_format="wav").content
    assert sound[4:8] == sound[40:44] == b"\xff" * 4
    assert sound[44:] == samples


def test_speech_streams_and_its_words_change_it(client: Sdk) -> None:
    def spoken(**words: Any) -> bytes:
        with client.audio.speech.with_streaming_response.create(
            **{**SPEECH, "response_format": "pcm", **words}
        ) as answer:
            return b"".join(answer.iter_bytes(512))

    assert spoken() == spoken()
    changes: list[dict[str, Any]] = [
        {"voice": "alloy"},
        {"voice": {"id": "voice_1"}},
        {"input": "Good evening to you."},
        {"instructions": "calm"},
        {"model": "tts-1"},
    ]
    assert all(spoken(**words) != spoken() for words in changes)
    assert len(spoken(speed=2.0)) == len(spoken()) // 2


@pytest.mark.parametrize(
    ("words", "param"),
    [
        ({"input": "x" * 4097}, "input"),
        ({"input": ""}, "input"),
        ({"voice": "carl"}, "voice"),
        ({"voice": {"id": "carl"}}, None),
        ({"speed": 4.1}, "speed"),
        ({"response_format": "ogg"}, "response_format"),
        ({"stream_format": "sse"}, "stream_format"),
        ({"instructions": "calm", "model": "tts-1"}, "instructions"),
        ({"instructions": "calm", "model": "tts-1-hd"}, "instructions"),
        ({"language": "en"}, "language"),
    ],
    ids=named,
)
def test_speech_that_cannot_be_is_refused(client: Sdk, words: dict[str, Any], param: str | None) -> None:
    error = refused(lambda: client.audio.speech.create(**{**SPEECH, "extra_body": words}))
    assert error.status_code == 400
    assert param is None or error.param == param


# Videos


def finished(fake: FakeOpenAI, client: Sdk, name: str) -> bytes:
    fake.finish()
    assert client.videos.retrieve(name).status == "completed"
    return client.videos.download_content(name).content


def test_a_video_is_queued_then_runs_and_can_then_be_fetched(fake: FakeOpenAI, client: Sdk) -> None:
    video = client.videos.create(**SHOT, size="1280x720", seconds="8", input_reference=PICTURE)
    assert (video.status, video.progress) == ("queued", 0)
    states = [client.videos.retrieve(video.id) for _ in range(3)]
    told = [(state.status, state.progress) for state in states]
    assert told == [("queued", 0), ("in_progress", 50), ("completed", 100)]
    assert states[-1].expires_at
    seconds, stream = decoded(client.videos.download_content(video.id).content)
    assert (stream.width, stream.height, seconds) == (1280, 720, 8)
    still = client.videos.download_content(video.id, variant="thumbnail")
    assert Image.open(io.BytesIO(still.content)).format == "WEBP"


def test_a_video_is_gone_when_it_is_deleted_and_has_no_bytes_when_it_is_expired(fake: FakeOpenAI, client: Sdk) -> None:
    video = client.videos.create(**SHOT)
    assert refused(lambda: client.videos.download_content(video.id)).status_code == 404
    finished(fake, client, video.id)
    fake.expire(video.id)
    assert refused(lambda: client.videos.download_content(video.id)).status_code == 404
    assert client.videos.retrieve(video.id).status == "completed"
    assert client.videos.delete(video.id).deleted
    assert refused(lambda: client.videos.retrieve(video.id)).status_code == 404


def test_a_video_can_be_remixed_edited_and_extended(fake: FakeOpenAI, client: Sdk) -> None:
    video = client.videos.create(**SHOT)
    assert refused(lambda: client.videos.remix(video.id, prompt="at night")).status_code == 404
    film = finished(fake, client, video.id)
    remix = client.videos.remix(video.id, prompt="at night")
    assert remix.remixed_from_video_id == video.id
    edit = client.videos.edit(prompt="at night", video=("a.mp4", film, "video/mp4"))
    body = {"prompt": "at night", "video": {"id": video.id}}
    again: Any = client.post("/videos/edits", cast_to=object, body=body)
    longer: Any = client.post("/videos/extensions", cast_to=object, body={**body, "seconds": "16"})
    assert (edit.seconds, longer["seconds"]) == ("4", "20")
    films = [finished(fake, client, name) for name in (remix.id, edit.id, again["id"])]
    assert len({film, *films}) == 4


def test_a_video_can_be_asked_for_in_json(fake: FakeOpenAI, client: Sdk) -> None:
    plain: Any = client.post("/videos", cast_to=object, body=dict(SHOT))
    shown: Any = client.post("/videos", cast_to=object, body={**SHOT, "input_reference": {"image_url": URI}})
    assert finished(fake, client, plain["id"]) != finished(fake, client, shown["id"])


def test_a_video_against_the_rules_fails_later(client: Sdk) -> None:
    video = client.videos.create(prompt="forbidden")
    failed = [client.videos.retrieve(video.id) for _ in range(3)][-1]
    assert failed.error
    assert (failed.status, failed.error.code) == ("failed", "moderation_blocked")
    assert refused(lambda: client.videos.download_content(video.id)).status_code == 404


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ({"seconds": "5"}, "invalid_value"),
        ({"size": "1920x1080"}, "invalid_value"),
        ({"prompt": ""}, "string_too_short"),
        ({"extra_body": {"quality": "high"}}, "unknown_parameter"),
        ({"model": "sora-3"}, "model_not_found"),
        ({"input_reference": png()}, "unsupported_file_mimetype"),
        ({"input_reference": ("a.png", b"no picture", "image/png")}, "unsupported_file_mimetype"),
    ],
)
def test_a_video_that_cannot_be_is_refused(client: Sdk, words: dict[str, Any], code: str) -> None:
    error = refused(lambda: client.videos.create(**{**SHOT, **words}))
    assert error.code == code


def test_an_edit_of_a_video_needs_a_video(client: Sdk) -> None:
    for video in (("a.mp4", b"no video", "video/mp4"), ("a.png", png(), "image/png")):
        error = refused(lambda video=video: client.videos.edit(prompt="at night", video=video))
        assert error.code == "unsupported_file_mimetype"
    body = {"prompt": "at night", "video": {"id": "video_never"}}
    assert refused(lambda: client.post("/videos/edits", cast_to=object, body=body)).status_code == 404


# The contract


@pytest.fixture(scope="module")
def contract() -> Contract:
    if CONTRACT is None:
        pytest.skip("the provider's contract is not at hand")
    return CONTRACT


def test_every_answer_is_of_the_shape_that_the_contract_says(
    fake: FakeOpenAI, browser: httpx2.Client, contract: Contract
) -> None:
    def ask(route: str, name: str = "", body: Mapping[str, object] | None = None) -> Any:
        method, path = route.replace("{id}", name).split()
        answer = browser.request(method, fake.url + path, headers={"authorization": f"Bearer {KEY}"}, json=body).json()
        assert not contract.answer_objection(route, 200, answer)
        return answer

    ask("POST /v1/images/generations", body={**DRAWING, "quality": "max", "size": "1024x1024"})
    ask("GET /v1/models")
    ask("POST /v1/responses", body={**TALK, "input": "explain", "tools": [TOOL]})
    ask("POST /v1/responses", body={**TALK, "input": "withheld", "tools": [TOOL]})
    for words in ("a red kite", "forbidden"):
        body = {
            **TALK,
            "input": words,
            "tools": [TOOL],
            "background": True,
            "tool_choice": {"type": "image_generation"},
        }
        name = ask("POST /v1/responses", body=body)["id"]
        assert [ask("GET /v1/responses/{id}", name)["status"] for _ in range(3)][:2] == ["queued", "in_progress"]
        ask("POST /v1/responses/{id}/cancel", name)
        name = ask("POST /v1/videos", body={"prompt": words})["id"]
        assert [ask("GET /v1/videos/{id}", name)["progress"] for _ in range(3)][:2] == [0, 50]
    name = ask("POST /v1/videos", body=SHOT)["id"]
    fake.finish()
    ask("GET /v1/videos/{id}", name)
    ask("POST /v1/videos/{id}/remix", name, SHOT)
    ask("DELETE /v1/videos/{id}", name)


def test_the_contract_knows_every_route(contract: Contract) -> None:
    for route in ROUTES:
        if route.startswith("POST") and not route.endswith("/cancel"):
            assert contract.objection(route, "application/json", {"colour": "red"})


NEWER_IN: Mapping[str, tuple[str, str, Mapping[str, object]]] = {
    "markup": ("images/edits", "multipart/form-data", {"prompt": "a kite", "image": "a.png", "markup": "m.png"}),
    "seconds": ("videos/extensions", "application/json", {**SHOT, "video": {"id": "video_1"}, "seconds": "16"}),
    "type": ("responses", "application/json", {**TALK, "input": [{"type": "image_generation_call", "id": "ig_1"}]}),
    "complexity": ("images/generations", "application/json", {**DRAWING, "complexity": "low"}),
    "frame_count": ("images/generations", "application/json", {**DRAWING, "frame_count": 3}),
    "frame_duration_ms": ("images/generations", "application/json", {**DRAWING, "frame_duration_ms": 100}),
    "svg": ("images/generations", "application/json", {**DRAWING, "svg": {"model": "gpt-6-sol"}}),
    "safety_identifier": ("images/generations", "application/json", {**DRAWING, "safety_identifier": "abc"}),
    "output_format": ("images/generations", "application/json", {**DRAWING, "output_format": "gif"}),
    "quality": ("images/generations", "application/json", {**DRAWING, "quality": "max"}),
}


@pytest.mark.parametrize("newer", REQUESTS, ids=lambda newer: newer.field)
def test_what_is_newer_than_the_contract_is_let_through_by_name_only(contract: Contract, newer: Newer) -> None:
    path, mime, data = NEWER_IN[newer.field]
    route = f"POST /v1/{path}"
    bare = Contract.found("openai-*.json", prefix="/v1", requests=(), answers=())
    assert bare
    assert bare.objection(route, mime, data)
    assert not contract.objection(route, mime, data)
    assert contract.objection(route, mime, {**data, "colour": "red"})
