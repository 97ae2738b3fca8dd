"""How OpenAI is reached, and whatever else speaks its language."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from mediasmith.plugin.contract import Access
from mediasmith_backends import openai_sdk

if TYPE_CHECKING:
    from openai import AsyncOpenAI

TITLE = "OpenAI"
"""How messages call the provider."""

KEYS = ("OPENAI_API_KEY",)
"""The variables of which one signs in."""

ENV = ("OPENAI_BASE_URL", "OPENAI_ORG_ID", "OPENAI_PROJECT_ID")
"""The SDK's own variables that are honoured. It knows more; what nobody declared must not change what is sent."""

_URL = "https://api.openai.com/v1"


def base_url(access: Access) -> str:
    """The address that requests go to."""
    return access.base_url or access.env.get("OPENAI_BASE_URL") or _URL


def is_openai(access: Access) -> bool:
    """Whether that is OpenAI itself, and not a gateway or an engine of one's own."""
    host = urlsplit(base_url(access)).hostname or ""
    return host == "openai.com" or host.endswith(".openai.com")


def connect(access: Access) -> AbstractAsyncContextManager[AsyncOpenAI]:
    """A client that is signed in.

    Raises:
        MissingKey: the key cannot be one.
    """
    account = openai_sdk.Account(
        title=TITLE,
        keys=KEYS,
        key=access.key,
        base_url=base_url(access),
        organization=access.env.get("OPENAI_ORG_ID"),
        project=access.env.get("OPENAI_PROJECT_ID"),
    )
    return openai_sdk.connect(account, _load)


def _load(client: AsyncOpenAI) -> object:
    return client.images, client.responses, client.audio.speech
