"""Signing in with a key and in enterprise mode: what each offers, which credentials are used, where requests go."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from fakes.google import KEY, PROJECT, FakeGoogle
from fakes.google.account import TOKEN, write_account
from fakes.google.errors import WRONG_KEY
from mediasmith.config.credentials import read_access
from mediasmith.plugin.contract import Capability
from mediasmith.plugin.errors import MediaError, MissingKey, NotServed, Unreachable
from mediasmith.runtime.network import SystemNetwork
from mediasmith.testing import AdapterHarness, signed_in
from mediasmith_backends.google import backend
from mediasmith_backends.google.client import Google
from mediasmith_backends.google.image import image
from mediasmith_backends.google.imagen import imagen
from mediasmith_backends.google.veo import veo

WITH_KEY = ("image", "video", "speech", "dialogue", "music")
IN_ENTERPRISE = ("veo", "imagen", "imagen_edit")
PLACE = {"GOOGLE_CLOUD_PROJECT": "p", "GOOGLE_CLOUD_LOCATION": "global"}
ON = {"GOOGLE_GENAI_USE_ENTERPRISE": "true"}
NETWORK = SystemNetwork()
CLOSED = "http://127.0.0.1:9"


# With a key


async def test_only_declared_variables_are_used_with_a_key(fake: FakeGoogle, monkeypatch: pytest.MonkeyPatch) -> None:
    undeclared = {
        "GOOGLE_API_KEY": "AIzaSyOfSomebodyElse",
        "GOOGLE_GENAI_USE_VERTEXAI": "true",
        "GOOGLE_GENAI_USE_ENTERPRISE": "true",
        "GOOGLE_CLOUD_PROJECT": "undeclared-project",
        "GOOGLE_CLOUD_LOCATION": "undeclared-place",
        "GOOGLE_GENAI_API_VERSION": "v9",
        "GOOGLE_GENAI_CLIENT_MODE": "replay",
        "GOOGLE_GENAI_REPLAYS_DIRECTORY": "/nowhere",
        "GOOGLE_GEMINI_BASE_URL": CLOSED,
        "GOOGLE_VERTEX_BASE_URL": CLOSED,
    }
    for name, value in undeclared.items():
        monkeypatch.setenv(name, value)
    async with signed_in(backend, fake.url, KEY) as harness:
        await harness.submit()
    [sent] = fake.log()
    assert sent["path"] == "/v1/interactions"
    assert not [value for value in undeclared.values() if value in f"{sent['headers']}" and len(value) > 4]


async def test_requests_go_to_the_declared_base_url_or_to_google(fake: FakeGoogle) -> None:
    env = {"GOOGLE_API_KEY": KEY, "GOOGLE_GEMINI_BASE_URL": f"{fake.url}/"}
    async with backend.connect(read_access(backend, env, NETWORK)) as client:
        await AdapterHarness(backend, client).submit()
    assert fake.paid() == 1
    async with signed_in(backend, "") as harness:
        assert harness.client.url == "https://generativelanguage.googleapis.com"


@pytest.mark.parametrize(
    ("url", "key", "kind"),
    [
        ("", WRONG_KEY, MissingKey),
        ("nowhere", KEY, Unreachable),
        (CLOSED, KEY, Unreachable),
    ],
)
async def test_a_wrong_key_or_base_url_is_named_and_costs_nothing(
    fake: FakeGoogle, url: str, key: str, kind: type[MediaError]
) -> None:
    async with signed_in(backend, url or fake.url, key) as harness:
        error = await harness.failure_of()
    assert (type(error), error.billed) == (kind, "no")
    assert kind is not MissingKey or "GOOGLE_API_KEY or GEMINI_API_KEY" in str(error)
    assert key not in str(error)


async def test_a_client_does_not_show_its_key(gemini: Google) -> None:
    assert KEY not in repr(gemini)


# What is offered

OFFERED: Mapping[str, tuple[Mapping[str, str], tuple[str, ...]]] = {
    "a key": ({"GEMINI_API_KEY": KEY}, WITH_KEY),
    "a key beside a project": ({"GEMINI_API_KEY": KEY, **PLACE}, WITH_KEY),
    "a key, and switched off": ({"GOOGLE_API_KEY": KEY, "GOOGLE_GENAI_USE_ENTERPRISE": "false", **PLACE}, WITH_KEY),
    "switched on": ({**ON, **PLACE}, IN_ENTERPRISE),
    "switched on with a number": ({"GOOGLE_GENAI_USE_VERTEXAI": "1", **PLACE}, IN_ENTERPRISE),
    "switched on in capitals": ({"GOOGLE_GENAI_USE_VERTEXAI": "TRUE", **PLACE}, IN_ENTERPRISE),
    "switched on beside a key": ({"GOOGLE_API_KEY": KEY, **ON, **PLACE}, IN_ENTERPRISE),
    "both switches": ({"GOOGLE_API_KEY": KEY, **ON, "GOOGLE_GENAI_USE_VERTEXAI": "false", **PLACE}, IN_ENTERPRISE),
    "switched on without a project": (ON, ()),
}


@pytest.mark.parametrize("case", OFFERED)
def test_a_key_and_enterprise_mode_offer_different_capabilities(case: str) -> None:
    env, names = OFFERED[case]
    access = read_access(backend, env)
    assert tuple(each.name for each in backend.capabilities if not each.missing(access)) == names


@pytest.mark.parametrize(
    "env", [{}, PLACE, {"GOOGLE_GENAI_USE_VERTEXAI": "false"}, {"GOOGLE_GENAI_USE_VERTEXAI": "no"}], ids=str
)
def test_without_a_key_and_a_switch_keys_are_asked_for(env: Mapping[str, str]) -> None:
    with pytest.raises(MissingKey, match="Set GOOGLE_API_KEY or GEMINI_API_KEY and restart"):
        read_access(backend, env)


@pytest.mark.parametrize(
    ("env", "capability", "fix"),
    [
        (
            {"GEMINI_API_KEY": KEY},
            "veo",
            "set GOOGLE_GENAI_USE_ENTERPRISE=true and GOOGLE_CLOUD_PROJECT and GOOGLE_CLOUD_LOCATION",
        ),
        ({"GEMINI_API_KEY": KEY, **PLACE}, "imagen", "set GOOGLE_GENAI_USE_ENTERPRISE=true"),
        (ON, "veo", "set GOOGLE_CLOUD_PROJECT and GOOGLE_CLOUD_LOCATION"),
        ({**ON, "GOOGLE_CLOUD_PROJECT": "p"}, "imagen_edit", "set GOOGLE_CLOUD_LOCATION"),
        ({**ON, **PLACE}, "music", "set GOOGLE_API_KEY or GEMINI_API_KEY, unset GOOGLE_GENAI_USE_ENTERPRISE"),
    ],
)
def test_what_is_not_offered_names_the_variables_that_would_enable_it(
    env: Mapping[str, str], capability: str, fix: str
) -> None:
    [found] = [each for each in backend.capabilities if each.name == capability]
    missing = found.missing(read_access(backend, env))
    assert fix in missing
    assert "restart the server" in missing


@pytest.mark.parametrize("bucket", ["films", "gs://my.films_1", "gs://films/made here/", "films/made/here"])
def test_a_bucket_may_have_a_folder(bucket: str) -> None:
    assert not veo.missing(read_access(backend, {**ON, **PLACE, "GOOGLE_CLOUD_STORAGE_BUCKET": bucket}))


@pytest.mark.parametrize(
    "bucket", ["Not A Bucket!", "Films", "gs://", "s3://films", "https://films.example", "-films", "ab"]
)
def test_what_is_not_a_bucket_is_found_before_anything_is_billed(bucket: str) -> None:
    access = read_access(backend, {**ON, **PLACE, "GOOGLE_CLOUD_STORAGE_BUCKET": bucket})
    assert "GOOGLE_CLOUD_STORAGE_BUCKET is not a bucket" in veo.missing(access)
    assert not imagen.missing(access)


# In enterprise mode


@pytest.fixture
def env(fake: FakeGoogle, tmp_path: Path) -> dict[str, str]:
    """Return the variables of enterprise mode."""
    return fake.enterprise_env(tmp_path / "account.json")


def rewrite(file: Path, content: str | None) -> None:
    """Replace the content of a file, or delete it."""
    file.unlink() if content is None else file.write_text(content)


async def start_veo(env: Mapping[str, str]) -> None:
    async with backend.connect(read_access(backend, env, NETWORK)) as client:
        await AdapterHarness(backend, client, veo).submit()


async def test_another_project_can_be_charged_for_quota(fake: FakeGoogle, env: dict[str, str]) -> None:
    await start_veo({**env, "GOOGLE_CLOUD_QUOTA_PROJECT": "other"})
    headers = [entry["headers"] for entry in fake.log() if entry["path"] != "/token"]
    assert {each.get("x-goog-user-project") for each in headers} == {"other"}


async def test_one_token_is_used_until_it_expires(fake: FakeGoogle, env: dict[str, str]) -> None:
    async with backend.connect(read_access(backend, env, NETWORK)) as client:
        harness = AdapterHarness(backend, client, veo)
        for _ in range(2):
            await harness.poll(await harness.submit())
        assert (fake.counts()[TOKEN], fake.paid()) == (1, 2)
        assert (await client.headers())["authorization"].removeprefix("Bearer ") not in repr(client)
    entries = [entry for entry in fake.log() if entry["path"].startswith("/v1beta1/")]
    assert all("x-goog-api-key" not in entry["headers"] for entry in entries)


async def test_only_declared_variables_are_used_in_enterprise_mode(
    fake: FakeGoogle, env: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    undeclared = {
        "GOOGLE_API_KEY": KEY,
        "GOOGLE_CLOUD_PROJECT": "undeclared",
        "GOOGLE_CLOUD_LOCATION": "undeclared",
        "GOOGLE_APPLICATION_CREDENTIALS": "/undeclared.json",
        "GOOGLE_VERTEX_BASE_URL": CLOSED,
        "GOOGLE_GENAI_API_VERSION": "v9",
    }
    for name, value in undeclared.items():
        monkeypatch.setenv(name, value)
    await start_veo(env)
    [path] = [entry["path"] for entry in fake.log() if entry["path"].endswith(":predictLongRunning")]
    assert path.startswith(f"/v1beta1/projects/{PROJECT}/locations/us-central1/publishers/google/models/veo-3.1")
    assert "undeclared" not in json.dumps(fake.log())


@pytest.mark.parametrize("content", ["", "{}", "no json", '{"type": "service_account"}', None], ids=str)
async def test_a_credentials_file_that_cannot_be_read_is_named_by_its_variable(
    env: dict[str, str], content: str | None
) -> None:
    rewrite(Path(env["GOOGLE_APPLICATION_CREDENTIALS"]), content)
    with pytest.raises(MissingKey, match="Correct GOOGLE_APPLICATION_CREDENTIALS"):
        await start_veo(env)


@pytest.mark.parametrize("capability", [veo, imagen], ids=lambda capability: capability.name)
@pytest.mark.parametrize(
    ("url", "email", "kind"),
    [("", "gone@fake-project.iam.gserviceaccount.com", MissingKey), (CLOSED, "any@example.com", Unreachable)],
)
async def test_a_failed_sign_in_costs_nothing(  # noqa: PLR0913, PLR0917 - fixtures and a table
    fake: FakeGoogle,
    env: dict[str, str],
    capability: Capability[Google, Any],
    url: str,
    email: str,
    kind: type[MediaError],
) -> None:
    write_account(Path(env["GOOGLE_APPLICATION_CREDENTIALS"]), url or fake.url, email)
    async with backend.connect(read_access(backend, env, NETWORK)) as client:
        error = await AdapterHarness(backend, client, capability).failure_of()
    assert (type(error), error.billed) == (kind, "no")
    assert fake.paid() == 0


@pytest.mark.parametrize(
    ("location", "url"),
    [
        ("us-central1", "https://us-central1-aiplatform.googleapis.com"),
        ("global", "https://aiplatform.googleapis.com"),
        ("eu", "https://aiplatform.eu.rep.googleapis.com"),
    ],
)
async def test_requests_go_to_the_location(fake: FakeGoogle, env: dict[str, str], location: str, url: str) -> None:
    env["GOOGLE_CLOUD_LOCATION"] = location
    del env["MEDIASMITH_GOOGLE_BASE_URL"], env["STORAGE_EMULATOR_HOST"]
    async with backend.connect(read_access(backend, env, NETWORK)) as client:
        assert (client.url, client.storage_url) == (url, "https://storage.googleapis.com")
        assert client.sdk.vertexai
    await start_veo({**env, "GOOGLE_VERTEX_BASE_URL": f"{fake.url}/"})
    assert fake.paid() == 1


async def test_a_base_url_that_leads_nowhere_says_what_was_asked(fake: FakeGoogle) -> None:
    fake.script("POST /v1/interactions", {"status": 404, "body": {"detail": "Not Found"}})
    async with signed_in(backend, fake.url, KEY, capability=image) as harness:
        error = await harness.failure_of()
    assert isinstance(error, NotServed)
    assert error.message.startswith(f"There is nothing at {fake.url}/v1/interactions (404")


async def test_the_check_asks_for_a_voice_or_a_token_and_finds_a_wrong_key(
    fake: FakeGoogle, env: dict[str, str]
) -> None:
    assert backend.check
    async with signed_in(backend, fake.url, KEY) as harness:
        assert await backend.check(harness.client) == ""
    async with backend.connect(read_access(backend, env, NETWORK)) as client:
        assert await backend.check(client) == ""
    assert fake.counts() == {"GET /v1/voices": 1, TOKEN: 1}
    async with signed_in(backend, fake.url, WRONG_KEY) as harness:
        with pytest.raises(Exception, match="API key not valid") as caught:
            await backend.check(harness.client)
    assert isinstance(caught.value, Exception)
    assert isinstance(backend.explain(caught.value), MissingKey)


class CountingNetwork(SystemNetwork):
    """A network that counts the clients that it gives out."""

    def __init__(self) -> None:
        super().__init__()
        self.clients = 0

    def client(self, **options: Any) -> Any:
        self.clients += 1
        return super().client(**options)


async def test_the_sign_in_goes_over_the_users_network(
    fake: FakeGoogle, env: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    network = CountingNetwork()
    monkeypatch.setitem(__import__("sys").modules, "requests", None)  # the library that google.auth would use itself
    async with backend.connect(read_access(backend, env, network)) as client:
        await AdapterHarness(backend, client, veo).submit()
    assert (network.clients, fake.counts()[TOKEN]) == (1, 1)
