"""The SDK's client, signed in with an API key or in enterprise mode.

Everything that the SDK would look up in the environment is passed to it.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from anyio import to_thread

from mediasmith.plugin.access import Access
from mediasmith_backends.google.account import Account, load_credentials
from mediasmith_backends.google.sign_in import (
    CREDENTIALS,
    GEMINI_URL,
    OWN_URL,
    PROJECT_AND_LOCATION,
    QUOTA_PROJECT,
    STORAGE_HOST,
    VERTEX_URL,
    bucket_uri,
)

_STORAGE_URL = "https://storage.googleapis.com"

_GEMINI_VERSION, _ENTERPRISE_VERSION = "v1", "v1beta1"

_MULTI_REGIONS = {"us", "eu"}
"""Locations that stand for several regions."""

_ANSWER_SECONDS = 600.0
"""How long an answer may take; the deadline of a job is usually shorter."""

Headers = Callable[[], Awaitable[Mapping[str, str]]]
"""Returns the headers that authorize a request made without the SDK."""


@dataclass(frozen=True, kw_only=True)
class Google:
    """An open client.

    `sdk` is the root of the SDK's client (`google.genai.Client`): its parts lose their connections when it is
    collected. `http` (`httpx2.AsyncClient`) is what it sends with, to `url` in this `version`. In enterprise mode,
    `bucket` is the `gs://` URI to which videos are written, if any, and `storage_url` the base URL of Cloud Storage.
    """

    sdk: Any = field(repr=False)
    http: Any = field(repr=False)
    url: str
    version: str
    headers: Headers = field(repr=False)
    bucket: str = ""
    storage_url: str = ""


@asynccontextmanager
async def connect(access: Access) -> AsyncGenerator[Google]:
    """Open a client; it is closed with the block.

    Raises:
        MissingKey: there are no credentials for enterprise mode.
    """
    client = await to_thread.run_sync(_open_enterprise if access.switched else _open_gemini, access)
    async with client.http:
        try:
            yield client
        finally:
            client.sdk.close()


async def check(client: Google) -> str:
    """Ask for a voice; in enterprise mode for an access token. Both are free."""
    if client.version == _ENTERPRISE_VERSION:
        await client.headers()
    else:
        await client.sdk.aio.voices.list(page_size=1)
    return ""


def _open_gemini(access: Access) -> Google:
    """Return a client with an API key. Blocking: it loads the SDK and the certificates."""

    async def headers() -> Mapping[str, str]:
        return {"x-goog-api-key": access.key}

    url = (access.base_url or access.env.get(GEMINI_URL) or OWN_URL).rstrip("/")
    http = access.network.client(read_seconds=_ANSWER_SECONDS)
    sdk = _sdk_client(access, http, url, _GEMINI_VERSION, enterprise=False, api_key=access.key)
    _ = sdk.aio.interactions  # imports for half a second, which must not be on the event loop
    return Google(sdk=sdk, http=http, url=url, version=_GEMINI_VERSION, headers=headers)


def _open_enterprise(access: Access) -> Google:
    """Return a client of enterprise mode. Blocking, as `_open_gemini`."""
    env = access.env
    project, location = (env[name] for name in PROJECT_AND_LOCATION)
    url = (access.base_url or env.get(VERTEX_URL) or _enterprise_url(location)).rstrip("/")
    http = access.network.client(read_seconds=_ANSWER_SECONDS)
    account = Account(load_credentials(env.get(CREDENTIALS, ""), env.get(QUOTA_PROJECT, "")), http)
    signed = {"credentials": account.credentials, "project": project, "location": location}
    sdk = _sdk_client(access, http, url, _ENTERPRISE_VERSION, enterprise=True, **signed)
    client = Google(sdk=sdk, http=http, url=url, version=_ENTERPRISE_VERSION, headers=account.headers)
    return replace(client, bucket=bucket_uri(access), storage_url=env.get(STORAGE_HOST, _STORAGE_URL).rstrip("/"))


def _enterprise_url(location: str) -> str:
    if location in _MULTI_REGIONS:
        return f"https://aiplatform.{location}.rep.googleapis.com"
    if location == "global":
        return "https://aiplatform.googleapis.com"
    return f"https://{location}-aiplatform.googleapis.com"


def _sdk_client(access: Access, http: Any, url: str, version: str, *, enterprise: bool, **signed: Any) -> Any:
    from google.genai import Client, types  # noqa: PLC0415 - heavy: the SDK
    from google.genai.client import DebugConfig  # noqa: PLC0415 - heavy: the SDK

    certificates = access.network.ssl_context
    options = types.HttpOptions(
        base_url=url,
        api_version=version,
        client_args={"verify": certificates, "trust_env": False},  # `network` has read the environment already
        async_client_args={"ssl": certificates},
        httpx_async_client=http,
        retry_options=types.HttpRetryOptions(attempts=1),  # a paid request is never sent twice
    )
    debug = DebugConfig(client_mode="", replays_directory="", replay_id="")
    return Client(http_options=options, debug_config=debug, enterprise=enterprise, **signed)
