"""Signing in to fal."""

from __future__ import annotations

import httpx2
import pytest

from fakes.fal import KEY, PRICES, SUBMIT, WRONG_KEY, FakeFal
from mediasmith.plugin.errors import MissingKey, NotServed
from mediasmith.testing import signed_in
from mediasmith_backends.fal import backend


async def test_the_default_hosts_are_fals() -> None:
    async with signed_in(backend, "", KEY) as harness:
        client = harness.client
        assert (client.queue_url, client.api_url, client.storage_url) == (
            "https://queue.fal.run",
            "https://api.fal.ai",
            "https://rest.fal.ai",
        )


async def test_a_base_url_is_for_every_host(fake: FakeFal) -> None:
    async with signed_in(backend, f"{fake.url}/", KEY) as harness:
        await harness.submit()
        assert backend.check
        await backend.check(harness.client)
    assert fake.counts() == {SUBMIT: 1, PRICES: 1}


async def test_the_check_asks_for_a_price(fake: FakeFal) -> None:
    assert backend.check
    async with signed_in(backend, fake.url, KEY) as harness:
        assert await backend.check(harness.client) == ""
    assert fake.counts() == {PRICES: 1}


async def test_the_check_finds_a_wrong_key(fake: FakeFal) -> None:
    assert backend.check
    async with signed_in(backend, fake.url, WRONG_KEY) as harness:
        with pytest.raises(httpx2.HTTPStatusError) as caught:
            await backend.check(harness.client)
    assert isinstance(backend.explain(caught.value), MissingKey)


async def test_the_check_names_a_base_url_that_leads_nowhere(fake: FakeFal) -> None:
    assert backend.check
    async with signed_in(backend, f"{fake.url}/nowhere", KEY) as harness:
        with pytest.raises(httpx2.HTTPStatusError) as caught:
            await backend.check(harness.client)
    error = backend.explain(caught.value)
    assert isinstance(error, NotServed)
    assert error.variables == ("MEDIASMITH_FAL_BASE_URL",)
