"""Sign in to OpenAI, or to a gateway or engine that serves the same interface."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from mediasmith.plugin.access import Access
from mediasmith.plugin.http_errors import retry_after
from mediasmith_backends import openai_sdk

if TYPE_CHECKING:
    from openai import AsyncOpenAI

TITLE = "OpenAI"
"""The provider's name in messages."""

KEYS = ("OPENAI_API_KEY",)
"""The variables of which one signs in."""

ENV = ("OPENAI_ORG_ID", "OPENAI_PROJECT_ID")
"""The SDK's own variables that are honoured. It reads more, but only declared ones may change what is sent."""

BASE_URL = "OPENAI_BASE_URL"
"""The SDK's own variable for another base URL."""

OWN_URL = "https://api.openai.com/v1"


async def check(client: AsyncOpenAI) -> str:
    """Ask for the models, which is free."""
    await client.models.with_raw_response.list()
    return ""


def base_url(access: Access) -> str:
    """Return the URL that requests go to."""
    return access.base_url or access.env.get(BASE_URL) or OWN_URL


def is_openai(access: Access) -> bool:
    """Return whether requests go to OpenAI itself, and not to a gateway or the user's own engine."""
    host = urlsplit(base_url(access)).hostname or ""
    return host == "openai.com" or host.endswith(".openai.com")


def connect(access: Access) -> AbstractAsyncContextManager[AsyncOpenAI]:
    """Open a client that is signed in.

    Raises:
        MissingKey: the key has characters that no key can have.
    """
    return openai_sdk.connect(
        access,
        base_url=base_url(access),
        organization=access.env.get("OPENAI_ORG_ID"),
        project=access.env.get("OPENAI_PROJECT_ID"),
        load=lambda client: (client.images, client.responses, client.audio.speech, client.models),
    )


def poll_after(headers: Mapping[str, str]) -> float | None:
    """Return how many seconds to wait before the next poll, by the header that the SDK's own helpers read, or None."""
    milliseconds = headers.get("openai-poll-after-ms", "")
    return int(milliseconds) / 1000 if milliseconds.isdecimal() else retry_after(headers)
