"""How ElevenLabs is reached: key, address, network, and the life of the connections."""

from __future__ import annotations

import socket
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from elevenlabs.core.api_error import ApiError

from fakes.elevenlabs import KEY, FakeElevenLabs
from fakes.elevenlabs.errors import WRONG_KEY
from fakes.proxies import PASSWORD, USER, http_proxy, socks_proxy
from fakes.tls import certificate
from mediasmith.plugin.access import Access
from mediasmith.plugin.errors import MissingKey, NotServed, OutOfCredit, Unreachable
from mediasmith.runtime.network import SystemNetwork
from mediasmith.testing import signed_in
from mediasmith_backends.elevenlabs import backend
from mediasmith_backends.elevenlabs.client import ElevenLabs
from mediasmith_backends.elevenlabs.voices import find_voice, voice_names

LIST, SUBSCRIPTION = "GET /v2/voices", "GET /v1/user/subscription"


@asynccontextmanager
async def connected(key: str = KEY, base_url: str = "", **env: str) -> AsyncGenerator[ElevenLabs]:
    access = Access(key=key, env={}, base_url=base_url, network=SystemNetwork(env))
    async with backend.connect(access) as client:
        yield client


async def test_only_the_given_key_is_sent(fake: FakeElevenLabs, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ELEVENLABS_API_KEY", WRONG_KEY)
    async with signed_in(backend, fake.url, KEY) as adapter:
        await voice_names(adapter.client)
    assert [entry["status"] for entry in fake.log()] == [200]


async def test_the_connections_close_with_the_client(fake: FakeElevenLabs) -> None:
    async with connected(base_url=f"{fake.url}/") as client:
        await voice_names(client)
    with pytest.raises(RuntimeError, match="closed"):
        await voice_names(client)


async def test_the_default_address_is_the_providers() -> None:
    async with connected() as client:
        sdk: Any = client.sdk
        assert sdk._client_wrapper.get_base_url() == client.url == "https://api.elevenlabs.io"
        assert sdk._client_wrapper.get_timeout().connect == 15


@pytest.mark.parametrize("run", [http_proxy, socks_proxy])
async def test_the_users_certificates_and_proxy_are_used(
    fake: FakeElevenLabs, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, run: Any
) -> None:
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    (tmp_path / "ca.pem").write_bytes(certificate("own.example").pem)
    async with run(int(fake.url.rpartition(":")[2]), wants_login=True) as proxy:
        url = proxy.url("http" if run is http_proxy else "socks5", f"{USER}:{PASSWORD}")
        env = {"ALL_PROXY": url, "SSL_CERT_FILE": str(tmp_path / "ca.pem"), "NO_PROXY": "fd07::/64"}
        async with connected(base_url="http://elevenlabs.invalid", **env) as client:
            assert await voice_names(client)
            http: Any = client.sdk
            context = http._client_wrapper.httpx_client.httpx_client._transport._pool._ssl_context
    assert len(context.get_ca_certs()) == 1
    assert proxy.asked[0].removeprefix("GET http://").startswith("elevenlabs.invalid")


async def test_a_proxy_that_is_not_there_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as once:
        url = f"http://127.0.0.1:{once.getsockname()[1]}"
    async with connected(HTTPS_PROXY=url) as client:
        with pytest.raises(Unreachable, match=f"to api.elevenlabs.io could be made through the proxy {url}"):
            await voice_names(client)


@pytest.mark.parametrize("body", [{"detail": "Not Found"}, {}, "404 page not found"], ids=repr)
async def test_a_base_url_that_leads_nowhere_says_what_was_asked(fake: FakeElevenLabs, body: Any) -> None:
    fake.script(LIST, {"status": 404, "body": body})
    async with signed_in(backend, f"{fake.url}/", KEY) as adapter:
        with pytest.raises(NotServed) as caught:
            await voice_names(adapter.client)
    assert caught.value.message.startswith(f"There is nothing at {fake.url}/v2/voices (404")
    assert "ElevenLabs's own is https://api.elevenlabs.io" in caught.value.hint


async def test_the_check_says_how_much_of_the_account_is_used(fake: FakeElevenLabs) -> None:
    assert backend.check
    async with signed_in(backend, fake.url, KEY) as adapter:
        assert await backend.check(adapter.client) == "1,200 of 10,000 credits are used"
        empty = {"character_count": 10_000, "character_limit": 10_000, "can_extend_character_limit": False}
        fake.script(SUBSCRIPTION, {"body": empty})
        with pytest.raises(OutOfCredit, match="10,000 of 10,000 credits are used"):
            await backend.check(adapter.client)
        fake.script(SUBSCRIPTION, {"status": 401, "body": {"detail": {"status": "missing_permissions"}}})
        assert await backend.check(adapter.client) == "it may not see what is left"
    async with signed_in(backend, fake.url, WRONG_KEY) as adapter:
        with pytest.raises(ApiError) as rejected:
            await backend.check(adapter.client)
    assert isinstance(backend.explain(rejected.value), MissingKey)
    assert fake.paid() == 0


async def test_a_wrong_key_names_its_variable(fake: FakeElevenLabs) -> None:
    async with signed_in(backend, fake.url, WRONG_KEY) as adapter:
        with pytest.raises(MissingKey) as caught:
            await find_voice(adapter.client, "Sarah")
    assert caught.value.variables == ("ELEVENLABS_API_KEY",)


async def test_an_address_where_nothing_listens_costs_nothing() -> None:
    async with signed_in(backend, "http://127.0.0.1:9", KEY) as adapter:
        with pytest.raises(Unreachable) as caught:
            await find_voice(adapter.client, "Sarah")
    assert caught.value.billed == "no"


async def test_a_redirect_is_not_followed(fake: FakeElevenLabs) -> None:
    fake.script(LIST, {"status": 307, "headers": {"location": f"{fake.url}/v2/voices"}})
    async with signed_in(backend, fake.url, KEY) as adapter:
        with pytest.raises(NotServed, match="307"):
            await find_voice(adapter.client, "Roger")
    assert fake.counts() == {LIST: 1}


def test_the_backend_has_short_names() -> None:
    assert {*backend.aliases} == {"eleven", "11labs"}
