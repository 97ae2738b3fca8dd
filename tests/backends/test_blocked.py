"""A page of the user's network instead of an answer is not the account's fault, at any provider."""

from __future__ import annotations

import pytest

from mediasmith.plugin.contract import Backend
from mediasmith.plugin.errors import NotServed
from mediasmith.testing import signed_in
from mediasmith.testing.bad_answers import PAGE
from mediasmith.testing.relay import relay
from mediasmith.testing.wire import Answer
from mediasmith_backends import elevenlabs, fal, google, openai, openrouter, replicate

NOWHERE = "http://127.0.0.1:9"


@pytest.mark.parametrize(
    ("backend", "key"),
    [
        (elevenlabs.backend, "sk_" + "0" * 48),
        (fal.backend, "id:" + "0" * 40),
        (google.backend, "AIza" + "0" * 35),
        (openai.backend, "sk-" + "0" * 40),
        (openrouter.backend, "sk-or-v1-" + "0" * 64),
        (replicate.backend, "r8_" + "0" * 37),
    ],
    ids=lambda value: getattr(value, "name", ""),
)
async def test_a_page_that_blocks_the_provider_ends_the_backend(backend: Backend[object], key: str) -> None:
    with relay(NOWHERE) as wire:
        wire.script(*[Answer(status=403, body=PAGE, mime="text/html")] * 4)
        async with signed_in(backend, wire.url, key) as harness:
            error = await harness.failure_of()
    assert isinstance(error, NotServed)
    assert "(403)" in error.message
