"""The fake of OpenRouter, spoken to by the SDK that its users have: it is worth no more than it is strict."""

from __future__ import annotations

import base64
import io
import re
from collections.abc import Generator, Mapping
from typing import Any, TypeAlias

import av
import httpx2
import openai
import pytest
from openai import OpenAI, Stream
from PIL import Image

from fakes.openrouter import KEY, FakeOpenRouter, running
from fakes.openrouter.__main__ import CONTRACT, ROUTES
from fakes.openrouter.errors import WRONG_KEY
from fakes.openrouter.newer import REQUESTS
from loopback.contract import Contract, Newer

Sdk: TypeAlias = Any
"""The SDK: its types know too well what can be asked to be asked anything else."""

DRAWING: Mapping[str, Any] = {"model": "openai/gpt-image-2.5-sunburst", "prompt": "a red kite"}
SEEDREAM: Mapping[str, Any] = {"model": "bytedance-seed/seedream-4.5", "prompt": "a red kite"}
SHOT: Mapping[str, Any] = {"model": "bytedance/seedance-2.0", "prompt": "a red kite", "duration": 4}
SPEECH: Mapping[str, Any] = {
    "model": "openai/gpt-4o-mini-tts-2025-12-15",
    "voice": "marin",
    "input": "Good morning to you.",
}
CHAT: Mapping[str, Any] = {
    "model": "google/gemini-3-pro-image",
    "messages": [{"role": "user", "content": "a red kite"}],
    "modalities": ["image", "text"],
}

PROVIDER = running


@pytest.fixture(scope="module")
def browser() -> Generator[httpx2.Client]:
    with httpx2.Client(trust_env=False, verify=False, timeout=30) as browser:
        yield browser


@pytest.fixture
def client(fake: FakeOpenRouter, browser: httpx2.Client) -> Sdk:
    return OpenAI(api_key=KEY, base_url=fake.base_url, max_retries=0, http_client=browser)


def named(words: object) -> str:
    """A name for a test, with files cut short."""
    return re.sub(r"\S{60,}", lambda word: f"{word[0][:20]}...{word[0][-12:]}", str(words))


def post(client: Sdk, path: str, body: Mapping[str, Any], **words: Any) -> Any:
    return client.post(path, cast_to=object, body={**body, **words})


def get(client: Sdk, path: str) -> Any:
    return client.get(path, cast_to=object)


def refused(client: Sdk, path: str, body: Mapping[str, Any]) -> openai.APIStatusError:
    with pytest.raises(openai.APIStatusError) as caught:
        post(client, path, body)
    error: Any = caught.value.body
    assert error["code"] == caught.value.status_code
    # The contract is not at hand everywhere: what is refused is refused without it.
    assert "contract" not in error["message"]
    return caught.value


def refuses(client: Sdk, path: str, base: Mapping[str, Any], words: Mapping[str, Any]) -> None:
    """The request with these words is refused for the first of them."""
    error = refused(client, path, {**base, **words})
    assert error.status_code == 400
    assert next(iter(words)) in error.message


def uri(mime: str = "image/png", size: tuple[int, int] = (64, 64)) -> str:
    file = io.BytesIO()
    Image.new("RGB", size).save(file, "png")
    return f"data:{mime};base64,{base64.b64encode(file.getvalue()).decode()}"


def shown(url: str, kind: str = "image_url") -> dict[str, Any]:
    return {"type": kind, kind: {"url": url}}


def framed(kind: str) -> dict[str, Any]:
    return {**shown(uri()), "frame_type": kind}


def opened(image: str) -> Image.Image:
    picture = Image.open(io.BytesIO(base64.b64decode(image)))
    picture.load()
    return picture


# Pictures


@pytest.mark.parametrize(
    ("words", "form", "size"),
    [
        ({}, "PNG", (1024, 1024)),
        ({"aspect_ratio": "16:9", "resolution": "2K"}, "PNG", (2048, 1152)),
        ({"aspect_ratio": "9:16", "size": "1K"}, "PNG", (576, 1024)),
        ({"size": "800x600", "output_format": "jpeg", "output_compression": 40}, "JPEG", (800, 600)),
        ({"output_format": "webp", "background": "transparent"}, "WEBP", (1024, 1024)),
        ({"model": "google/gemini-3-pro-image"}, "JPEG", (1024, 1024)),
    ],
    ids=named,
)
def test_a_picture_is_real_and_as_it_was_asked_for(
    client: Sdk, words: dict[str, Any], form: str, size: tuple[int, int]
) -> None:
    (image,) = post(client, "/images", DRAWING, **words)["data"]
    picture = opened(image["b64_json"])
    assert (picture.format, picture.size, image["media_type"]) == (form, size, f"image/{form.lower()}")
    assert picture.has_transparency_data is ("background" in words)


def test_a_vector_model_answers_with_markup(client: Sdk) -> None:
    (image,) = post(client, "/images", {"model": "recraft/recraft-v4-vector", "prompt": "a kite"})["data"]
    assert image["media_type"] == "image/svg+xml"
    assert base64.b64decode(image["b64_json"]).startswith(b"<svg ")


@pytest.mark.parametrize(
    ("base", "words"),
    [
        (DRAWING, {"prompt": "a blue kite"}),
        (DRAWING, {"quality": "xhigh"}),
        (DRAWING, {"background": "transparent"}),
        (DRAWING, {"input_references": [shown(uri())]}),
        (DRAWING, {"provider": {"options": {"openai": {"moderation": "low"}}}}),
        (SEEDREAM, {"seed": 7}),
        (SEEDREAM, {"aspect_ratio": "16:9"}),
        (SEEDREAM, {"resolution": "2K"}),
    ],
    ids=["prompt", "quality", "background", "reference", "option", "seed", "ratio", "resolution"],
)
def test_every_word_changes_the_picture(client: Sdk, base: Mapping[str, Any], words: dict[str, Any]) -> None:
    def drawn(**more: Any) -> bytes:
        return opened(post(client, "/images", base, **more)["data"][0]["b64_json"]).convert("RGB").tobytes()

    assert drawn(**words) == drawn(**words)
    assert drawn(**words) != drawn()


def test_several_pictures_differ_and_cost_so_many_times_as_much(client: Sdk) -> None:
    one, three = post(client, "/images", SEEDREAM), post(client, "/images", SEEDREAM, n=3)
    assert len({image["b64_json"] for image in three["data"]}) == 3
    assert three["usage"]["cost"] == pytest.approx(3 * one["usage"]["cost"])


@pytest.mark.parametrize(
    "words",
    [
        {"colour": "red"},
        {"prompt": ""},
        {"n": 11},
        {"n": "2"},
        {"seed": 1.5},
        {"aspect_ratio": "7:3"},
        {"aspect_ratio": "1:8"},
        {"resolution": "8K"},
        {"resolution": "512"},
        {"quality": "best"},
        {"quality": "max", "model": "openai/gpt-image-2"},
        {"size": "large"},
        {"size": "2K", "resolution": "4K"},
        {"size": "1024x1024", "aspect_ratio": "16:9"},
        {"size": "1024x1024", "resolution": "2K"},
        {"size": "800x600", "model": "google/gemini-3-pro-image"},
        {"background": "transparent", "output_format": "jpeg"},
        {"output_compression": 50},
        {"output_format": "svg"},
        {"seed": 7},
        {"n": 2, "model": "google/gemini-3-pro-image"},
        {"quality": "low", **SEEDREAM},
        {"stream": True, **SEEDREAM},
        {"input_references": [shown(uri())] * 17},
        {"input_references": [shown(uri("image/jpeg"))]},
        {"input_references": [shown("http://example.com/a.png")]},
        {"input_references": [{"type": "image_url", "image_url": uri()}]},
        {"provider": {"options": {"seed": {}}}},
        {"provider": {"options": {"openai": {"steps": 4}}}},
    ],
    ids=named,
)
def test_a_picture_that_cannot_be_is_refused(client: Sdk, words: dict[str, Any]) -> None:
    refuses(client, "/images", DRAWING, words)


def test_a_choice_of_providers_that_leaves_none_is_refused(client: Sdk) -> None:
    assert post(client, "/images", DRAWING, provider={"only": ["openai"]})["data"]
    for choice in ({"only": ["azure"]}, {"ignore": ["openai"]}):
        assert refused(client, "/images", {**DRAWING, "provider": choice}).status_code == 404


def test_a_stream_brings_a_partial_picture_and_then_the_whole_one(client: Sdk) -> None:
    body = {**DRAWING, "stream": True}
    events = list(client.post("/images", cast_to=object, body=body, stream=True, stream_cls=Stream[object]))
    assert [event["type"] for event in events] == ["image_generation.partial_image", "image_generation.completed"]
    assert opened(events[-1]["b64_json"]).size == (1024, 1024)
    assert events[-1]["usage"]["cost"] > 0


# Conversations


def test_a_conversation_makes_a_picture(client: Sdk) -> None:
    answer = client.chat.completions.create(
        model=CHAT["model"],
        messages=CHAT["messages"],
        extra_body={"modalities": ["image", "text"], "image_config": {"aspect_ratio": "16:9", "image_size": "2K"}},
    )
    message: Any = answer.choices[0].message
    head, _, data = message.images[0]["image_url"]["url"].partition(",")
    assert (head, opened(data).size) == ("data:image/jpeg;base64", (2048, 1152))
    assert message.reasoning_details
    assert answer.usage.model_extra["cost"] == 0.134


def test_an_earlier_picture_is_sent_back_with_its_reasoning(client: Sdk) -> None:
    first = post(client, "/chat/completions", CHAT)["choices"][0]["message"]
    kept = {name: first[name] for name in ("role", "content", "images", "reasoning_details")}
    again = {"role": "user", "content": "make it blue"}
    second = post(client, "/chat/completions", CHAT, messages=[*CHAT["messages"], kept, again])
    assert second["choices"][0]["message"]["images"] != first["images"]
    del kept["reasoning_details"]
    body = {**CHAT, "messages": [*CHAT["messages"], kept, again]}
    assert refused(client, "/chat/completions", body).status_code == 400


def test_a_conversation_without_the_modality_stays_in_words(client: Sdk) -> None:
    message = post(client, "/chat/completions", CHAT, modalities=["text"])["choices"][0]["message"]
    assert message["content"]
    assert "images" not in message


@pytest.mark.parametrize(
    "words",
    [
        {"colour": "red"},
        {"stream": True},
        {"messages": []},
        {"modalities": ["audio"]},
        {"image_config": {"aspect_ratio": "1:1"}, "modalities": ["text"]},
        {"image_config": {"aspect_ratio": "1:8"}},
        {"image_config": {"resolution": "2K"}},
        {"seed": 7},
        {"messages": [{"role": "user", "content": [shown(uri("image/jpeg"))]}]},
    ],
    ids=named,
)
def test_a_conversation_that_cannot_be_is_refused(client: Sdk, words: dict[str, Any]) -> None:
    refuses(client, "/chat/completions", CHAT, words)


def test_a_model_for_pictures_alone_is_asked_for_pictures_alone(client: Sdk) -> None:
    words = {"model": "black-forest-labs/flux.2-pro", "modalities": ["image"]}
    assert post(client, "/chat/completions", CHAT, **words)["choices"][0]["message"]["images"]
    assert refused(client, "/chat/completions", {**CHAT, "model": words["model"]}).status_code == 404


# Speech


def test_speech_is_samples_unless_mp3_is_asked_for(client: Sdk) -> None:
    plain = client.audio.speech.create(**SPEECH)
    assert plain.response.headers["content-type"] == "audio/pcm;rate=24000;channels=1"
    assert plain.response.headers["x-generation-id"].startswith("gen-tts-")
    assert len(plain.content) == 2 * 24_000
    sound = client.audio.speech.create(**SPEECH, response_format="mp3")
    assert sound.response.headers["content-type"] == "audio/mpeg"
    container: Any = av.open(io.BytesIO(sound.content))
    with container:
        assert sum(frame.samples for frame in container.decode(audio=0)) / 24_000 == pytest.approx(1.0, abs=0.15)


@pytest.mark.parametrize(
    "words",
    [
        {"voice": "alloy"},
        {"input": "Good evening to you."},
        {"speed": 2.0},
        {"instructions": "calm"},
        {"provider": {"options": {"openai": {"instructions": "calm"}}}},
        {"model": "mistralai/voxtral-mini-tts-2603", "voice": "en_paul_neutral"},
        {"model": "google/gemini-3.8-flash-tts", "voice": "Kore"},
    ],
    ids=named,
)
def test_every_word_changes_the_speech(client: Sdk, words: dict[str, Any]) -> None:
    def spoken(**more: Any) -> bytes:
        body = {**SPEECH, **more}
        return client.post("/audio/speech", cast_to=httpx2.Response, body=body).content

    assert spoken(**words) == spoken(**words)
    assert spoken(**words) != spoken()


VOXTRAL = {"model": "mistralai/voxtral-mini-tts-2603", "voice": "en_paul_neutral"}
SAMPLE = {"type": "input_audio", "input_audio": {"data": "data:audio/wav;base64,UklGRg==", "format": "wav"}}


@pytest.mark.parametrize(
    "words",
    [
        {"model": "google/gemini-3.8-flash-tts", "input": [{"text": "Hello.", "voice": "Kore"}]},
        {"model": "mistralai/voxtral-mini-tts-2603"},
        {"model": "mistralai/voxtral-mini-tts-2603", "input_references": [SAMPLE, {"type": "text", "text": "Hello."}]},
    ],
    ids=["turns", "default", "cloned"],
)
def test_a_voice_comes_with_each_turn_from_the_model_or_from_a_sample(client: Sdk, words: dict[str, Any]) -> None:
    body = {"input": "Hello.", **words}
    assert client.post("/audio/speech", cast_to=httpx2.Response, body=body).content


@pytest.mark.parametrize(
    "words",
    [
        {"language": "en"},
        {"input": ""},
        {"voice": "carl"},
        {"voice": ""},
        {"speed": 5.0},
        {"response_format": "wav"},
        {"input": [{"text": "Hello.", "voice": "marin"}]},
        {"input_references": [SAMPLE]},
        {"speed": 1.5, **VOXTRAL},
        {"instructions": "calm", **VOXTRAL},
        {"input_references": [SAMPLE, SAMPLE], **VOXTRAL},
        {"voice": "Kore", "model": "google/gemini-3.8-flash-tts", "input": [{"text": "Hello.", "voice": "carl"}]},
        {"provider": {"options": {"openai": {"style": "calm"}}}},
    ],
    ids=named,
)
def test_speech_that_cannot_be_is_refused(client: Sdk, words: dict[str, Any]) -> None:
    refuses(client, "/audio/speech", SPEECH, words)


# Videos


def fetched(client: Sdk, name: str) -> Any:
    content = client.get(f"/videos/{name}/content?index=0", cast_to=httpx2.Response)
    assert content.headers["content-type"] == "video/mp4"
    return content.content


def filmed(fake: FakeOpenRouter, client: Sdk, **words: Any) -> bytes:
    name = post(client, "/videos", SHOT, **words)["id"]
    fake.finish()
    assert get(client, f"/videos/{name}")["status"] == "completed"
    return fetched(client, name)


def error_record(data: bytes) -> tuple[tuple[int, int], int, int]:
    """The size of a video, its length in seconds, and how many sounds it has."""
    container: Any = av.open(io.BytesIO(data))
    with container:
        video = container.streams.video[0]
        frames = len(list(container.decode(video)))
        return (video.width, video.height), frames, len(container.streams.audio)


def test_a_video_is_pending_then_in_progress_and_can_then_be_fetched(client: Sdk, browser: httpx2.Client) -> None:
    accepted = post(client, "/videos", SHOT)
    assert accepted["status"] == "pending"
    assert accepted["polling_url"].endswith(accepted["id"])
    states = [get(client, f"/videos/{accepted['id']}") for _ in range(4)]
    assert [state["status"] for state in states] == ["pending", "in_progress", "completed", "completed"]
    assert states[-1]["usage"]["cost"] == pytest.approx(0.4)
    (with_key,), (signed,) = states[-1]["unsigned_urls"], states[-1]["urls"]
    film = fetched(client, accepted["id"])
    assert browser.get(signed).content == film
    assert browser.get(with_key).status_code == 401
    assert browser.get(with_key, headers={"authorization": f"Bearer {KEY}"}).content == film


@pytest.mark.parametrize(
    ("words", "made"),
    [
        ({}, ((854, 480), 4, 1)),
        ({"generate_audio": False}, ((854, 480), 4, 0)),
        ({"resolution": "720p", "aspect_ratio": "9:16", "duration": 6}, ((720, 1280), 6, 1)),
        ({"size": "720x720"}, ((720, 720), 4, 1)),
        ({"model": "alibaba/wan-2.7", "duration": 5, "resolution": "360p"}, ((640, 360), 5, 0)),
    ],
    ids=named,
)
def test_a_video_is_real_and_as_it_was_asked_for(
    fake: FakeOpenRouter, client: Sdk, words: dict[str, Any], made: tuple[tuple[int, int], int, int]
) -> None:
    assert error_record(filmed(fake, client, **words)) == made


def test_every_word_changes_the_video(fake: FakeOpenRouter, client: Sdk) -> None:
    before = post(client, "/videos", SHOT)["id"]
    fake.finish()
    get(client, f"/videos/{before}")
    changes: list[dict[str, Any]] = [
        {},
        {"prompt": "a blue kite"},
        {"seed": 7},
        {"frame_images": [framed("first_frame")]},
        {"input_references": [shown(uri())]},
        {"input_references": [shown("data:audio/wav;base64,UklGRg==", "audio_url")]},
        {"previous_job_id": before},
    ]
    films = [filmed(fake, client, **words) for words in changes]
    assert len(set(films)) == len(changes)
    assert filmed(fake, client) == films[0]


@pytest.mark.parametrize(
    "words",
    [
        {"colour": "red"},
        {"prompt": ""},
        {"duration": 0},
        {"duration": 3},
        {"duration": "4"},
        {"resolution": "1080p"},
        {"resolution": "8K"},
        {"aspect_ratio": "9:21"},
        {"aspect_ratio": "auto"},
        {"size": "720p"},
        {"size": "100x100"},
        {"size": "720x720", "aspect_ratio": "16:9"},
        {"size": "720x720", "resolution": "480p"},
        {"frame_images": [framed("last_frame")], "model": "alibaba/wan-2.7", "duration": 5},
        {"frame_images": [framed("first_frame")] * 2},
        {"frame_images": [shown(uri())]},
        {"frame_images": [framed("first_frame")], "input_references": [shown(uri())]},
        {"callback_url": "http://example.com"},
        {"provider": {"options": {"byteplus": {"watermark": True}}}},
        {"upscale_factor": 2},
        {"generate_audio": True, "model": "alibaba/wan-2.7", "duration": 5},
        {"seed": 7, "model": "alibaba/wan-2.7", "duration": 5},
        {"previous_job_id": "gen-vid-1", "model": "google/veo-3.1"},
        {"input_references": [shown("data:video/mp4;base64,AAAA", "video_url")], "model": "google/veo-3.1"},
    ],
    ids=named,
)
def test_a_video_that_cannot_be_is_refused(client: Sdk, words: dict[str, Any]) -> None:
    refuses(client, "/videos", SHOT, words)


def test_a_video_that_is_not_there_can_be_neither_asked_for_nor_continued(client: Sdk) -> None:
    with pytest.raises(openai.NotFoundError):
        get(client, "/videos/gen-vid-never")
    assert refused(client, "/videos", {**SHOT, "previous_job_id": "gen-vid-never"}).status_code == 404
    running = post(client, "/videos", SHOT)["id"]
    with pytest.raises(openai.BadRequestError):
        fetched(client, running)


def test_a_video_expires(fake: FakeOpenRouter, client: Sdk, browser: httpx2.Client) -> None:
    name = post(client, "/videos", SHOT)["id"]
    fake.finish()
    (signed,) = get(client, f"/videos/{name}")["urls"]
    fake.expire(name)
    assert get(client, f"/videos/{name}")["status"] == "expired"
    assert browser.get(signed).status_code == 400
    with pytest.raises(ValueError, match="Nothing here"):
        fake.expire("gen-vid-never")


# What every request shares


def test_what_is_against_the_rules_is_refused_with_reasons_and_a_video_fails_later(client: Sdk) -> None:
    message = {"role": "user", "content": "forbidden"}
    for path, body in (
        ("/images", {**DRAWING, "prompt": "forbidden"}),
        ("/chat/completions", {**CHAT, "messages": [message]}),
    ):
        error = refused(client, path, body)
        details: Any = error.body
        assert error.status_code == 403
        assert details["metadata"]["reasons"] == ["violence"]
        assert details["metadata"]["model_slug"] == body["model"]
    name = post(client, "/videos", SHOT, prompt="forbidden")["id"]
    states = [get(client, f"/videos/{name}") for _ in range(3)]
    assert (states[-1]["status"], states[-1]["error"]) == ("failed", "Content policy violation")


def test_an_empty_account_is_refused_and_what_was_spent_is_told(fake: FakeOpenRouter, client: Sdk) -> None:
    fake.settings(credit=0.1)
    post(client, "/images", SEEDREAM)
    assert get(client, "/credits")["data"] == {"total_credits": 0.1, "total_usage": 0.04}
    assert get(client, "/key")["data"]["usage"] == 0.04
    bodies = {"/images": DRAWING, "/videos": SHOT, "/chat/completions": CHAT}
    for path, body in bodies.items():
        assert refused(client, path, body).status_code == 402


def test_a_missing_key_and_a_wrong_one_are_refused_but_models_are_for_all(
    fake: FakeOpenRouter, browser: httpx2.Client
) -> None:
    for headers in ({}, {"authorization": f"Bearer {WRONG_KEY}"}):
        assert browser.get(f"{fake.base_url}/credits", headers=headers).json()["error"]["code"] == 401
        assert browser.get(f"{fake.base_url}/images/models", headers=headers).status_code == 200


def test_models_are_listed_and_refused_when_they_have_gone(fake: FakeOpenRouter, client: Sdk) -> None:
    models = {model["id"]: model for model in get(client, "/images/models")["data"]}
    endpoint = get(client, models[SEEDREAM["model"]]["endpoints"].removeprefix("/api/v1"))["endpoints"][0]
    assert endpoint["supported_parameters"] == models[SEEDREAM["model"]]["supported_parameters"]
    assert endpoint["pricing"][0]["cost_usd"] == 0.04
    assert SHOT["model"] in {model["id"] for model in get(client, "/videos/models")["data"]}
    bodies = {"/images": DRAWING, "/videos": SHOT, "/chat/completions": CHAT, "/audio/speech": SPEECH}
    fake.settings(retired=[body["model"] for body in bodies.values()])
    for path, body in bodies.items():
        assert refused(client, path, body).status_code == 404
    assert DRAWING["model"] not in {model["id"] for model in get(client, "/images/models")["data"]}


def test_requests_that_cost_money_are_counted_and_the_log_hides_the_key(fake: FakeOpenRouter, client: Sdk) -> None:
    post(client, "/images", SEEDREAM)
    get(client, "/credits")
    assert fake.paid() == 1
    assert [entry["path"] for entry in fake.log()] == ["/api/v1/images", "/api/v1/credits"]
    assert KEY not in str(fake.log())


def test_answers_can_be_scripted(fake: FakeOpenRouter, client: Sdk) -> None:
    error = {"error": {"code": 529, "message": "Provider overloaded"}}
    fake.script("POST /api/v1/images", {"status": 529, "body": error}, {"reset": True}, {"fixed": "jpeg"})
    assert refused(client, "/images", SEEDREAM).status_code == 529
    with pytest.raises(openai.APIConnectionError):
        post(client, "/images", SEEDREAM)
    (image,) = post(client, "/images", SEEDREAM)["data"]
    assert (image["media_type"], len(image["b64_json"]) > 1_900_000) == ("image/jpeg", True)


# The contract


@pytest.fixture(scope="module")
def contract() -> Contract:
    if CONTRACT is None:
        pytest.skip("the provider's contract is not at hand")
    return CONTRACT


def test_every_answer_is_of_the_shape_that_the_contract_says(
    fake: FakeOpenRouter, browser: httpx2.Client, contract: Contract
) -> None:
    def ask(route: str, path: str, body: Mapping[str, object] | None = None, status: int = 200) -> Any:
        method = route.split(maxsplit=1)[0]
        headers = {"authorization": f"Bearer {KEY}"}
        answer = browser.request(method, fake.base_url + path, headers=headers, json=body)
        assert answer.status_code == status
        assert not contract.answer_objection(route, status, answer.json())
        return answer.json()

    ask("POST /api/v1/images", "/images", DRAWING)
    ask("POST /api/v1/images", "/images", {**DRAWING, "n": 11}, 400)
    ask("POST /api/v1/images", "/images", {**DRAWING, "prompt": "forbidden"}, 403)
    ask("GET /api/v1/images/models", "/images/models")
    for model in (DRAWING["model"], "recraft/recraft-v4-vector"):
        ask("GET /api/v1/images/models/{author}/{slug}/endpoints", f"/images/models/{model}/endpoints")
    for words in ("a red kite", "forbidden"):
        name = ask("POST /api/v1/videos", "/videos", {**SHOT, "prompt": words}, 202)["id"]
        for _ in range(3):
            ask("GET /api/v1/videos/{id}", f"/videos/{name}")
    ask("GET /api/v1/videos/models", "/videos/models")
    ask("POST /api/v1/chat/completions", "/chat/completions", CHAT)
    ask("POST /api/v1/chat/completions", "/chat/completions", {**CHAT, "modalities": ["text"]})
    ask("GET /api/v1/credits", "/credits")
    ask("GET /api/v1/key", "/key")
    fake.settings(credit=0)
    ask("POST /api/v1/images", "/images", DRAWING, 402)


def test_the_contract_knows_every_route(contract: Contract) -> None:
    for route in ROUTES:
        if route.startswith("POST"):
            assert contract.objection(route, "application/json", {"colour": "red"})


NEWER_IN: Mapping[str, tuple[str, Mapping[str, object]]] = {
    "2.35:1": ("/images", {**DRAWING, "aspect_ratio": "2.35:1"}),
    "768": ("/images", {**DRAWING, "resolution": "768"}),
    "xhigh": ("/images", {**DRAWING, "quality": "xhigh"}),
    "session_id": ("/images", {**DRAWING, "session_id": "abc"}),
    "trace": ("/images", {**DRAWING, "trace": {"a": "b"}}),
    "user": ("/images", {**DRAWING, "user": "abc"}),
    "360p": ("/videos", {**SHOT, "resolution": "360p"}),
    "previous_job_id": ("/videos", {**SHOT, "previous_job_id": "gen-vid-1"}),
    "instructions": ("/audio/speech", {**SPEECH, "instructions": "calm"}),
    "input": ("/audio/speech", {**SPEECH, "input": [{"text": "Hello.", "voice": "Kore"}]}),
}


def _first(newer: Newer) -> str:
    return str(newer.values[0]) if newer.values else newer.field


@pytest.mark.parametrize("newer", REQUESTS, ids=_first)
def test_what_is_newer_than_the_contract_is_let_through_by_name_only(contract: Contract, newer: Newer) -> None:
    path, data = NEWER_IN[_first(newer)]
    route = f"POST /api/v1{path}"
    bare = Contract.found("openrouter-*.json", prefix="/api/v1", requests=(), answers=())
    assert bare
    assert bare.objection(route, "application/json", data)
    assert not contract.objection(route, "application/json", data)
    assert contract.objection(route, "application/json", {**data, "colour": "red"})
