"""How engines are reached: at which URL, with which key and patience, and what is said where none answers."""

from __future__ import annotations

import socket
from typing import Any

import pytest

from fakes.compatible import WRONG_KEY, FakeCompatible
from mediasmith.plugin.errors import (
    InvalidRequest,
    MediaError,
    MissingKey,
    ModelGone,
    NotServed,
    Overloaded,
    ProviderError,
    Unreachable,
    Unsuitable,
)
from mediasmith.testing import AdapterHarness, signed_in
from mediasmith_backends.compatible import backend

SPEAK, MODELS = "POST /v1/audio/speech", "GET /v1/models"
SPEECH = backend.capabilities[1]


async def error_for(fake: FakeCompatible, harness: AdapterHarness, **answer: Any) -> MediaError:
    fake.script(SPEAK, answer)
    return await harness.failure_of()


async def test_nothing_of_the_users_openai_account_is_sent(
    fake: FakeCompatible, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("API_KEY", "ADMIN_KEY", "ORG_ID", "PROJECT_ID"):
        monkeypatch.setenv(f"OPENAI_{name}", "of-somebody-else")
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:9/v1")
    monkeypatch.setenv("OPENAI_CUSTOM_HEADERS", "authorization: Bearer of-somebody-else\nx-custom: yes")
    assert not [name for name in backend.variables if name.startswith("OPENAI")]
    async with signed_in(backend, fake.base_url, "", capability=SPEECH) as harness:
        await harness.client["speech"].post("/audio/speech", {"input": "Hello.", "response_format": "wav"})
    (request,) = fake.log()
    assert "somebody" not in repr(request)
    assert request["headers"].keys() <= {
        *("accept", "accept-encoding", "connection", "content-length", "content-type", "host", "user-agent")
    }


async def test_a_key_is_sent_where_there_is_one(fake: FakeCompatible) -> None:
    async with signed_in(backend, fake.base_url, "engine-key") as harness:
        await harness.client["speech"].get("/models")
    assert fake.log()[0]["headers"]["authorization"] == "Bearer ***"


async def test_a_url_without_a_path_leads_to_v1(fake: FakeCompatible) -> None:
    async with signed_in(backend, fake.url, "") as harness:
        await harness.client["image"].get("/models")
    assert fake.counts() == {MODELS: 1}


async def test_each_kind_may_have_an_engine_of_its_own(fake: FakeCompatible) -> None:
    env = {"MEDIASMITH_COMPATIBLE_SPEECH_BASE_URL": "http://127.0.0.1:9/openai/v1/"}
    async with signed_in(backend, fake.base_url, "", env=env) as harness:
        urls = {kind: engine.url for kind, engine in harness.client.items()}
    assert urls == {"image": fake.base_url, "speech": "http://127.0.0.1:9/openai/v1", "video": fake.base_url}


@pytest.mark.parametrize(("env", "seconds"), [({}, 900), ({"MEDIASMITH_COMPATIBLE_READ_SECONDS": "1800"}, 1800)])
async def test_an_answer_may_take_long_and_a_connection_may_not(env: dict[str, str], seconds: float) -> None:
    async with signed_in(backend, "http://127.0.0.1:9", "", env=env) as harness:
        timeout = harness.client["image"].http.timeout
    assert (timeout.connect, timeout.read) == (5, seconds)


async def test_an_engine_that_is_not_running_is_asked_after() -> None:
    with socket.create_server(("127.0.0.1", 0)) as once:
        url = f"http://127.0.0.1:{once.getsockname()[1]}/v1"
    async with signed_in(backend, url, "") as harness:
        with pytest.raises(Unreachable) as caught:
            await harness.client["image"].get("/models")
    assert str(caught.value) == (
        f"No engine answers at {url}; it may not be running. Nothing was billed. "
        "Start it, or correct MEDIASMITH_COMPATIBLE_BASE_URL and restart the server."
    )


@pytest.mark.parametrize("status", [404, 405, 501])
async def test_a_route_that_is_not_there_is_named(fake: FakeCompatible, speech: AdapterHarness, status: int) -> None:
    error = await error_for(fake, speech, status=status, body={"detail": "Not Found"})
    assert isinstance(error, NotServed)
    assert error.message == f"Engine {fake.base_url} has nothing at /v1/audio/speech ({status}): Not Found."
    assert "MEDIASMITH_COMPATIBLE_BASE_URL" in error.hint


async def test_a_404_about_a_voice_is_no_missing_route(fake: FakeCompatible, speech: AdapterHarness) -> None:
    error = await error_for(fake, speech, status=404, body={"detail": "Voice 'nova' not found."})
    assert isinstance(error, Unsuitable)
    assert error.message == f"Engine {fake.base_url} does not have this voice (404): Voice 'nova' not found."
    assert "BASE_URL" not in str(error)


async def test_a_404_about_a_model_is_no_missing_route(fake: FakeCompatible, speech: AdapterHarness) -> None:
    error = await error_for(fake, speech, status=404, body={"error": "model 'kokoro' not found, pull it first"})
    assert isinstance(error, ModelGone)


@pytest.mark.parametrize("status", [400, 404, 422])
async def test_an_engine_that_wants_a_model_says_how_to_name_one(
    fake: FakeCompatible, speech: AdapterHarness, status: int
) -> None:
    fake.script(SPEAK, {"status": status, "body": {"error": {"message": "model is required"}}})
    error = await speech.failure_of(model=speech.capability.models[-1])
    assert isinstance(error, Unsuitable)
    assert "MEDIASMITH_COMPATIBLE_SPEECH_MODELS" in error.hint


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"error": {"message": "Too loud."}}, "Too loud"),
        ({"error": "Too loud."}, "Too loud"),
        ({"message": "Too loud."}, "Too loud"),
        ({"detail": "Too loud."}, "Too loud"),
        ({"detail": [{"loc": ["body", "speed"], "msg": "Too fast."}, {"msg": "Too loud."}]}, "speed: Too fast.; Too"),
    ],
)
async def test_the_engines_words_are_repeated(
    fake: FakeCompatible, speech: AdapterHarness, body: dict[str, Any], words: str
) -> None:
    error = await error_for(fake, speech, status=422, body=body)
    assert isinstance(error, InvalidRequest)
    assert error.message.startswith(f"Engine {fake.base_url} does not accept the request (422): {words}")


async def test_an_engine_that_is_busy_may_be_asked_again(fake: FakeCompatible, speech: AdapterHarness) -> None:
    error = await error_for(fake, speech, status=503, body={"detail": "loading"})
    assert isinstance(error, Overloaded)
    assert error.billed == "no"


@pytest.mark.parametrize(("key", "words"), [("", "has no key"), (WRONG_KEY, "does not accept its key")])
async def test_a_401_says_whether_a_key_was_sent(fake: FakeCompatible, key: str, words: str) -> None:
    fake.script(MODELS, {"status": 401, "body": {"error": "Unauthorized"}})
    async with signed_in(backend, fake.base_url, key) as harness:
        with pytest.raises(MissingKey, match=words) as caught:
            await harness.client["image"].get("/models")
    assert "MEDIASMITH_COMPATIBLE_API_KEY" in caught.value.hint


async def test_the_check_says_what_each_engine_lists(fake: FakeCompatible) -> None:
    assert backend.check
    async with signed_in(backend, fake.base_url, "") as harness:
        assert await backend.check(harness.client) == f"Engine {fake.base_url} lists 2 models"
        fake.script(MODELS, {"status": 404, "body": {}})
        assert await backend.check(harness.client) == f"Engine {fake.base_url} lists no models"
        fake.script(MODELS, {"status": 200, "html": True})
        with pytest.raises(ProviderError, match="web page"):
            await backend.check(harness.client)
