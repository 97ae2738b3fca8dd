"""How ElevenLabs is reached: key, address, network, and the life of the connections."""

from __future__ import annotations

import ssl
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from fakes.elevenlabs import KEY, FakeElevenLabs
from fakes.elevenlabs.errors import WRONG_KEY
from mediasmith.plugin.contract import Access
from mediasmith.plugin.errors import MediaError, MissingKey, ProviderError, Unreachable
from mediasmith.runtime.network import SystemNetwork
from mediasmith.testing import signed_in
from mediasmith_backends.elevenlabs import backend
from mediasmith_backends.elevenlabs.client import ElevenLabs
from mediasmith_backends.elevenlabs.voices import find_voice, voice_names

LIST = "GET /v2/voices"


class ProxiedNetwork(SystemNetwork):
    """A network with certificates of its own and one proxy for everything."""

    def __init__(self, proxy: str) -> None:
        self.proxy = proxy
        self.context = ssl.create_default_context()

    @property
    def ssl_context(self) -> ssl.SSLContext:
        return self.context

    def proxy_for(self, url: str) -> str | None:
        return self.proxy if "elevenlabs" in url else None


@asynccontextmanager
async def connected(key: str = KEY, base_url: str = "", network: Any = None) -> AsyncGenerator[ElevenLabs]:
    access = Access(key=key, env={}, base_url=base_url, network=network or SystemNetwork())
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


@pytest.mark.parametrize("key", ["sk_schlüssel", "sk_\n"])
async def test_text_that_cannot_be_a_key_is_rejected_unsent(key: str) -> None:
    with pytest.raises(MissingKey):
        async with connected(key=key):
            pass


async def test_the_default_address_is_the_providers() -> None:
    async with connected() as client:
        sdk: Any = client.sdk
        assert sdk._client_wrapper.get_base_url() == client.url == "https://api.elevenlabs.io"
        assert sdk._client_wrapper.get_timeout().connect == 15


async def test_the_users_certificates_and_proxy_are_used(fake: FakeElevenLabs, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    network = ProxiedNetwork(fake.url)
    async with connected(base_url="http://elevenlabs.invalid", network=network) as client:
        with pytest.raises(MediaError):
            await find_voice(client, "Sarah")
        http: Any = client.sdk
        transport = http._client_wrapper.httpx_client.httpx_client._transport
        assert transport._pool._ssl_context is network.context
    assert fake.log()[0]["path"].startswith("http://elevenlabs.invalid/v2/voices")


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
        with pytest.raises(ProviderError, match="307"):
            await find_voice(adapter.client, "Roger")
    assert fake.counts() == {LIST: 1}


def test_the_backend_has_short_names() -> None:
    assert {*backend.aliases} == {"eleven", "11labs"}
