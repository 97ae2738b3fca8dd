"""Google's enterprise mode: what each mode offers, who signs, and where requests go."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from fakes.google import KEY, PROJECT, FakeGoogle, running
from fakes.google.account import TOKENS, UNKNOWN, written
from fakes.google.veo import STARTS
from fakes.trying import failure, made
from mediasmith.config.credentials import access
from mediasmith.plugin.contract import Capability, Request
from mediasmith.plugin.errors import MediaError, MissingKey, Unreachable
from mediasmith.testing import AdapterHarness
from mediasmith_backends.google import backend
from mediasmith_backends.google.client import Google
from mediasmith_backends.google.imagen import imagen
from mediasmith_backends.google.veo import veo

WITH_KEY = ("image", "video", "speech", "dialogue", "music")
IN_ENTERPRISE = ("veo", "imagen", "imagen_edit")
PLACE = {"GOOGLE_CLOUD_PROJECT": "p", "GOOGLE_CLOUD_LOCATION": "global"}
ON = {"GOOGLE_GENAI_USE_ENTERPRISE": "true"}

PROVIDER = running


def ask(capability: Capability[Google, Any] = veo) -> Request[Any]:
    return Request(model=capability.models[0], prompt="a red kite", params=capability.params(), inputs={})


# What is offered


OFFERED: Mapping[str, tuple[Mapping[str, str], tuple[str, ...]]] = {
    "a key": ({"GEMINI_API_KEY": KEY}, WITH_KEY),
    "a key, and a place for nothing": ({"GEMINI_API_KEY": KEY, **PLACE}, WITH_KEY),
    "a key, and switched off": ({"GOOGLE_API_KEY": KEY, "GOOGLE_GENAI_USE_ENTERPRISE": "false", **PLACE}, WITH_KEY),
    "switched on": ({**ON, **PLACE}, IN_ENTERPRISE),
    "switched on with a number": ({"GOOGLE_GENAI_USE_VERTEXAI": "1", **PLACE}, IN_ENTERPRISE),
    "switched on in capitals": ({"GOOGLE_GENAI_USE_VERTEXAI": "TRUE", **PLACE}, IN_ENTERPRISE),
    "switched on beside a key": ({"GOOGLE_API_KEY": KEY, **ON, **PLACE}, IN_ENTERPRISE),
    "both switches": ({"GOOGLE_API_KEY": KEY, **ON, "GOOGLE_GENAI_USE_VERTEXAI": "false", **PLACE}, IN_ENTERPRISE),
    "switched on nowhere": (ON, ()),
}


@pytest.mark.parametrize("case", OFFERED)
def test_each_mode_offers_what_it_can_do(case: str) -> None:
    env, names = OFFERED[case]
    found = access(backend, env)
    assert tuple(each.name for each in backend.capabilities if not each.missing(found)) == names


@pytest.mark.parametrize(
    "env", [{}, PLACE, {"GOOGLE_GENAI_USE_VERTEXAI": "false"}, {"GOOGLE_GENAI_USE_VERTEXAI": "no"}]
)
def test_without_a_key_and_not_switched_on_keys_are_asked_for(env: Mapping[str, str]) -> None:
    with pytest.raises(MissingKey, match="Set GOOGLE_API_KEY or GEMINI_API_KEY and restart"):
        access(backend, env)


@pytest.mark.parametrize(
    ("env", "capability", "told"),
    [
        (
            {"GEMINI_API_KEY": KEY},
            "veo",
            "GOOGLE_GENAI_USE_ENTERPRISE=true with GOOGLE_CLOUD_PROJECT and GOOGLE_CLOUD_LOCATION",
        ),
        ({"GEMINI_API_KEY": KEY, **PLACE}, "imagen", "GOOGLE_GENAI_USE_ENTERPRISE=true"),
        (ON, "veo", "set GOOGLE_CLOUD_PROJECT and GOOGLE_CLOUD_LOCATION"),
        ({**ON, "GOOGLE_CLOUD_PROJECT": "p"}, "imagen_edit", "set GOOGLE_CLOUD_LOCATION"),
        ({**ON, **PLACE}, "music", "set GOOGLE_API_KEY or GEMINI_API_KEY, remove GOOGLE_GENAI_USE_ENTERPRISE"),
    ],
)
def test_what_the_other_mode_can_do_says_which_variables_enable_it(
    env: Mapping[str, str], capability: str, told: str
) -> None:
    [found] = [each for each in backend.capabilities if each.name == capability]
    assert told in found.missing(access(backend, env))
    assert "restart the server" in found.missing(access(backend, env))


@pytest.mark.parametrize("bucket", ["films", "gs://my.films_1", "gs://films/made here/", "films/made/here"])
def test_videos_may_be_put_into_a_bucket(bucket: str) -> None:
    assert not veo.missing(access(backend, {**ON, **PLACE, "GOOGLE_CLOUD_STORAGE_BUCKET": bucket}))


@pytest.mark.parametrize(
    "bucket", ["Not A Bucket!", "Films", "gs://", "s3://films", "https://films.example", "-films", "ab"]
)
def test_what_is_no_bucket_is_told_before_anything_is_paid(bucket: str) -> None:
    found = access(backend, {**ON, **PLACE, "GOOGLE_CLOUD_STORAGE_BUCKET": bucket})
    assert "GOOGLE_CLOUD_STORAGE_BUCKET names no bucket" in veo.missing(found)
    assert not imagen.missing(found)


# Who signs


async def test_another_project_may_give_its_quota(fake: FakeGoogle, tmp_path: Path) -> None:
    env = {**fake.enterprise(tmp_path / "account.json"), "GOOGLE_CLOUD_QUOTA_PROJECT": "giver"}
    async with backend.connect(access(backend, env)) as client:
        await made(AdapterHarness(backend, client, veo), ask())
    signed = [entry["headers"] for entry in fake.log() if entry["path"] != "/token"]
    assert {headers.get("x-goog-user-project") for headers in signed} == {"giver"}


async def test_one_token_signs_everything_until_it_runs_out(fake: FakeGoogle, tmp_path: Path) -> None:
    env = fake.enterprise(tmp_path / "account.json")
    async with backend.connect(access(backend, env)) as client:
        hands = AdapterHarness(backend, client, veo)
        await made(hands, ask())
        await made(hands, ask())
        assert (fake.counts()[TOKENS], fake.paid()) == (1, 2)
        assert (await client.headers())["authorization"].removeprefix("Bearer ") not in repr(client)
    signed = [entry for entry in fake.log() if entry["path"].startswith("/v1beta1/")]
    assert all("x-goog-api-key" not in entry["headers"] for entry in signed)


async def test_nothing_of_the_environment_signs_or_leads_astray(
    fake: FakeGoogle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    undeclared = {
        "GOOGLE_API_KEY": KEY,
        "GOOGLE_CLOUD_PROJECT": "undeclared",
        "GOOGLE_CLOUD_LOCATION": "undeclared",
        "GOOGLE_APPLICATION_CREDENTIALS": str(tmp_path / "undeclared.json"),
        "GOOGLE_VERTEX_BASE_URL": "http://127.0.0.1:9",
        "GOOGLE_GENAI_API_VERSION": "v9",
    }
    env = fake.enterprise(tmp_path / "account.json")
    for name, value in undeclared.items():
        monkeypatch.setenv(name, value)
    async with backend.connect(access(backend, env)) as client:
        await made(AdapterHarness(backend, client, veo), ask())
    [path] = [entry["path"] for entry in fake.log() if entry["path"].endswith(":predictLongRunning")]
    assert path.startswith(f"/v1beta1/projects/{PROJECT}/locations/us-central1/publishers/google/models/veo-3.1")
    assert "undeclared" not in json.dumps(fake.log())


@pytest.mark.parametrize("content", ["", "{}", "no json", '{"type": "service_account"}', None], ids=str)
async def test_an_account_that_cannot_be_read_is_told_by_its_variable(
    fake: FakeGoogle, tmp_path: Path, content: str | None
) -> None:
    env = fake.enterprise(tmp_path / "account.json")
    file = tmp_path / "account.json"
    file.unlink() if content is None else file.write_text(content)
    with pytest.raises(MissingKey, match="Correct GOOGLE_APPLICATION_CREDENTIALS"):
        async with backend.connect(access(backend, env)):
            pass


async def test_an_account_that_is_gone_or_out_of_reach_is_told_and_costs_nothing(
    fake: FakeGoogle, tmp_path: Path
) -> None:
    env = fake.enterprise(tmp_path / "account.json")
    cases: Mapping[type[MediaError], Path] = {
        MissingKey: written(tmp_path / "gone.json", fake.url, UNKNOWN),
        Unreachable: written(tmp_path / "nowhere.json", "http://127.0.0.1:9"),
    }
    for kind, file in cases.items():
        found = access(backend, {**env, "GOOGLE_APPLICATION_CREDENTIALS": str(file)})
        async with backend.connect(found) as client:
            for capability in (veo, imagen):
                error = await failure(AdapterHarness(backend, client, capability), ask(capability))
                assert type(error) is kind
                assert error.billed == "no"
    assert fake.paid() == 0


async def test_a_token_that_is_not_taken_is_told_by_the_variable_of_its_account(
    fake: FakeGoogle, tmp_path: Path
) -> None:
    fake.script(STARTS[0], {"status": 401, "body": {"error": {"code": 401, "status": "UNAUTHENTICATED"}}})
    async with backend.connect(access(backend, fake.enterprise(tmp_path / "account.json"))) as client:
        error = await failure(AdapterHarness(backend, client, veo), ask())
    assert isinstance(error, MissingKey)
    assert "GOOGLE_APPLICATION_CREDENTIALS" in str(error)


# Where requests go


@pytest.mark.parametrize(
    ("location", "url"),
    [
        ("us-central1", "https://us-central1-aiplatform.googleapis.com"),
        ("global", "https://aiplatform.googleapis.com"),
        ("eu", "https://aiplatform.eu.rep.googleapis.com"),
    ],
)
async def test_requests_go_to_the_location(fake: FakeGoogle, tmp_path: Path, location: str, url: str) -> None:
    env = {**fake.enterprise(tmp_path / "account.json"), "GOOGLE_CLOUD_LOCATION": location}
    del env["MEDIASMITH_GOOGLE_BASE_URL"], env["STORAGE_EMULATOR_HOST"]
    async with backend.connect(access(backend, env)) as client:
        assert (client.url, client.storage) == (url, "https://storage.googleapis.com")
        assert client.sdk.vertexai
    env["GOOGLE_VERTEX_BASE_URL"] = f"{fake.url}/"
    async with backend.connect(access(backend, env)) as client:
        await made(AdapterHarness(backend, client, veo), ask())
    assert fake.paid() == 1
