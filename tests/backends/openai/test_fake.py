"""The fake refuses what OpenAI would, and its answers are of the types of OpenAI's SDK."""

from __future__ import annotations

import base64
import io
from collections.abc import Callable, Generator, Mapping
from typing import Any, TypeAlias

import httpx2
import openai
import pytest
from openai import OpenAI
from PIL import Image

from fakes.openai import KEY, FakeOpenAI
from mediasmith.testing import png

pytestmark = pytest.mark.filterwarnings("ignore:The Sora API")

Sdk: TypeAlias = Any
"""The SDK, whose types would not let a wrong request be written."""

IMAGE = ("a.png", png(), "image/png")
DRAWING: Mapping[str, Any] = {"model": "gpt-image-2.6-flare", "prompt": "a red kite", "size": "1024x640"}
SPEECH: Mapping[str, Any] = {"model": "gpt-4o-mini-tts", "voice": "marin", "input": "Good morning to you."}
VIDEO: Mapping[str, Any] = {"prompt": "a red kite", "model": "sora-2"}
TOOL: Mapping[str, Any] = {"type": "image_generation", "model": "gpt-image-2.6-flare", "size": "1024x640"}
CONVERSATION: Mapping[str, Any] = {
    "model": "gpt-6-luna",
    "input": "a red kite",
    "background": True,
    "tools": [TOOL],
    "tool_choice": {"type": "image_generation"},
}


@pytest.fixture(scope="module")
def http() -> Generator[httpx2.Client]:
    with httpx2.Client(trust_env=False, verify=False, timeout=30) as http:
        yield http


@pytest.fixture
def sdk(fake: FakeOpenAI, http: httpx2.Client) -> Sdk:
    return OpenAI(
        api_key=KEY, base_url=fake.base_url, max_retries=0, http_client=http, _strict_response_validation=True
    )


def send(sdk: Sdk, call: str, given: Mapping[str, Any]) -> object:
    calls: Mapping[str, Callable[[], object]] = {
        "generate": lambda: sdk.images.generate(**DRAWING, extra_body=given),
        "edit": lambda: sdk.images.edit(**{"image": IMAGE, **DRAWING, **given}),
        "respond": lambda: sdk.responses.create(**{**CONVERSATION, **given}),
        "speak": lambda: sdk.audio.speech.create(**SPEECH, extra_body=given),
        "film": lambda: sdk.videos.create(**{**VIDEO, **given}),
        "edit video": lambda: sdk.videos.edit(**{"prompt": "a kite", **given}),
    }
    return calls[call]()


@pytest.mark.parametrize(
    ("call", "given", "code"),
    [
        ("generate", {"colour": "red"}, "extra_forbidden"),
        ("generate", {"response_format": "b64_json"}, "extra_forbidden"),
        ("generate", {"n": "2"}, "int_type"),
        ("generate", {"quality": "hd"}, "literal_error"),
        ("generate", {"svg": {"model": "gpt-6-sol", "colour": "red"}}, "extra_forbidden"),
        ("generate", {"model": "gpt-image-9"}, "model_not_found"),
        ("edit", {"extra_body": {"moderation": "low"}}, "extra_forbidden"),
        ("edit", {"image": ("a.jpg", png(), "image/jpeg")}, "invalid_image_file"),
        ("edit", {"mask": ("m.png", b"no image", "image/png")}, "invalid_image_file"),
        ("respond", {"extra_body": {"colour": "red"}}, "extra_forbidden"),
        ("respond", {"tools": [{**TOOL, "n": 2}]}, "extra_forbidden"),
        ("respond", {"tools": [{"type": "web_search"}]}, "literal_error"),
        ("respond", {"input": [{"role": "user", "content": [{"type": "input_image"}]}]}, "string_type"),
        ("respond", {"previous_response_id": "resp_never"}, "previous_response_not_found"),
        ("speak", {"response_format": "ogg"}, "literal_error"),
        ("speak", {"voice": {"name": "carl"}}, "string_type"),
        ("speak", {"input": "x" * 4097}, "string_too_long"),
        ("film", {"seconds": "5"}, "literal_error"),
        ("film", {"input_reference": ("a.png", b"no image", "image/png")}, "invalid_image_file"),
        ("edit video", {"video": ("a.mp4", b"no video", "video/mp4")}, "unsupported_file_mimetype"),
    ],
)
def test_a_wrong_request_is_refused(sdk: Sdk, call: str, given: dict[str, Any], code: str) -> None:
    with pytest.raises(openai.APIStatusError) as caught:
        send(sdk, call, given)
    assert (caught.value.status_code in {400, 404}, caught.value.code) == (True, code)


def test_answers_are_of_the_types_of_the_sdk(fake: FakeOpenAI, sdk: Sdk) -> None:
    image = sdk.images.generate(**DRAWING)
    assert Image.open(io.BytesIO(base64.b64decode(image.data[0].b64_json))).size == (1024, 640)
    assert sdk.images.generate(**DRAWING, output_format="svg", svg={"model": "gpt-6-sol"}).svg_usage
    response = sdk.responses.create(**CONVERSATION)
    assert [sdk.responses.retrieve(response.id).status for _ in range(2)] == ["queued", "completed"]
    assert sdk.responses.cancel(sdk.responses.create(**CONVERSATION).id).status == "cancelled"
    video = sdk.videos.create(**VIDEO)
    assert [sdk.videos.retrieve(video.id).progress for _ in range(2)] == [0, 100]
    assert sdk.videos.remix(video.id, prompt="at night").status == "queued"


def test_paying_requests_are_counted_and_keys_are_masked(fake: FakeOpenAI, sdk: Sdk) -> None:
    video = sdk.videos.create(**VIDEO)
    sdk.videos.retrieve(video.id)
    assert fake.paid() == 1
    assert {entry["headers"]["authorization"] for entry in fake.log()} == {"Bearer ***"}
