"""The SDK's client, opened in one of its two modes. Everything it reads is given to it, nothing is left to find."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from functools import cache
from typing import TYPE_CHECKING, Any

from anyio import to_thread

from mediasmith.plugin.contract import Access
from mediasmith_backends.google import account
from mediasmith_backends.google.errors import CREDENTIALS
from mediasmith_backends.google.modes import PLACE, QUOTA, STORAGE, bucket

if TYPE_CHECKING:
    from ssl import SSLContext

_API = "https://generativelanguage.googleapis.com"
_STORAGE = "https://storage.googleapis.com"

_VERSIONS = {False: "v1", True: "v1beta1"}
"""The version of the API with a key, and in enterprise mode."""

_SEVERAL = {"us", "eu"}
"""Locations that are several regions."""

_ANSWER_SECONDS = 600.0
"""How long an answer may take; the server's deadline is usually shorter."""

_CONNECT_SECONDS = 15.0

Headers = Callable[[], Awaitable[Mapping[str, str]]]
"""What signs a request made without the SDK."""


@dataclass(frozen=True, kw_only=True)
class Google:
    """An open client.

    `sdk` is the root of the SDK's client (`google.genai.Client`): what hangs on it loses its connections when the
    root goes. `transport` (`httpx2.AsyncClient`) is what it sends with, `url` where to, in this `version`; `headers`
    sign what is sent without it. In enterprise mode, `bucket` is where videos shall be put, if anywhere, as `gs://`
    and a name, and `storage` the address of the storage.
    """

    sdk: Any = field(repr=False)
    transport: Any = field(repr=False)
    url: str
    version: str
    headers: Headers = field(repr=False)
    bucket: str = ""
    storage: str = ""


@asynccontextmanager
async def connect(access: Access) -> AsyncGenerator[Google]:
    """Open a client; it is closed with the block.

    Raises:
        MissingKey: there is no account for enterprise mode.
    """
    client = await to_thread.run_sync(_with_project if access.switched else _with_key, access)
    async with client.transport:
        try:
            yield client
        finally:
            client.sdk.close()


def _with_key(access: Access) -> Google:
    """A client. Blocking: it loads the SDK, and certificates."""

    async def headers() -> Mapping[str, str]:
        return {"x-goog-api-key": access.key}

    url = access.base_url or access.env.get("GOOGLE_GEMINI_BASE_URL") or _API
    client = _client(url, headers, enterprise=False, api_key=access.key)
    _ = client.sdk.aio.interactions  # its import takes half a second, which the event loop must not
    return client


def _with_project(access: Access) -> Google:
    """A client of enterprise mode. Blocking as `_with_key`."""
    env = access.env
    project, location = (env[name] for name in PLACE)
    url = access.base_url or env.get("GOOGLE_VERTEX_BASE_URL") or _of_place(location)
    signer = account.found(env.get(CREDENTIALS[0], ""), env.get(QUOTA, ""))
    signed = {"credentials": signer.credentials, "project": project, "location": location}
    client = _client(url, signer.headers, enterprise=True, **signed)
    return replace(client, bucket=bucket(access), storage=env.get(STORAGE, _STORAGE).rstrip("/"))


def _of_place(location: str) -> str:
    if location in _SEVERAL:
        return f"https://aiplatform.{location}.rep.googleapis.com"
    return (
        "https://aiplatform.googleapis.com" if location == "global" else f"https://{location}-aiplatform.googleapis.com"
    )


def _client(url: str, headers: Headers, *, enterprise: bool, **signed: Any) -> Google:
    """The SDK's client on our transport. Of its own it takes whichever library it finds, and follows redirects."""
    import httpx2  # noqa: PLC0415 - heavy: needed with the SDK only
    from google.genai import Client, types  # noqa: PLC0415 - heavy: the SDK
    from google.genai.client import DebugConfig  # noqa: PLC0415 - heavy: the SDK

    certificates = _certificates()
    timeout = httpx2.Timeout(_ANSWER_SECONDS, connect=_CONNECT_SECONDS)
    transport = httpx2.AsyncClient(timeout=timeout, verify=certificates)
    base, version = url.rstrip("/"), _VERSIONS[enterprise]
    options = types.HttpOptions(
        base_url=base,
        api_version=version,
        client_args={"verify": certificates},
        async_client_args={"ssl": certificates},
        httpx_async_client=transport,
        retry_options=types.HttpRetryOptions(attempts=1),  # what is paid for is never sent twice
    )
    debug = DebugConfig(client_mode="", replays_directory="", replay_id="")
    sdk = Client(http_options=options, debug_config=debug, enterprise=enterprise, **signed)
    return Google(sdk=sdk, transport=transport, url=base, version=version, headers=headers)


@cache
def _certificates() -> SSLContext:
    """What servers are known by. Read once, for it takes long, and the SDK would do so twice more."""
    import httpx2  # noqa: PLC0415 - heavy: needed with the SDK only

    return httpx2.create_ssl_context()
