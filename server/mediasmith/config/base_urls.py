"""Read the base URLs that are set for backends: those of gateways and engines."""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress
from typing import Any
from urllib.parse import SplitResult, unquote, urlsplit

from mediasmith.config.env_values import clean
from mediasmith.config.settings import PREFIX, unexpanded
from mediasmith.plugin.contract import Backend
from mediasmith.plugin.errors import Misconfigured
from mediasmith.plugin.local_hosts import is_local_host

_SCHEMES = {"http", "https", "grpc"}
_WITH_PASSWORDS = ("_proxy", "_base_url", "_endpoint_url")


def base_url_variable(name: str) -> str:
    """Return the environment variable that sets another base URL for a backend."""
    return f"{PREFIX}{name.upper()}_BASE_URL"


def set_base_urls(backend: Backend[Any], env: Mapping[str, str]) -> Mapping[str, str]:
    """Return the base URLs that are set for a backend, by their variables: ours first, then the vendor's own.

    Raises:
        Misconfigured: one of them cannot be read.
    """
    names = (base_url_variable(backend.name), *backend.base_urls)
    values = {name: clean(env.get(name, "")) for name in names}
    return {name: _read(name, value) for name, value in values.items() if value and not unexpanded(value)}


def trusted_hosts(backend: Backend[Any], env: Mapping[str, str], *, ready: bool = False) -> list[str]:
    """Return the hosts of the base URLs that are set for a backend: the user's own, which may be private.

    Where none is set and the backend is `ready`, it is that of its `local_url`.
    """
    try:
        urls = list(set_base_urls(backend, env).values())
    except Misconfigured:
        return []
    if not urls and ready and backend.local_url:
        urls = [backend.local_url]
    return [urlsplit(url).hostname or "" for url in urls]


def passwords(env: Mapping[str, str]) -> list[str]:
    """Return the passwords in the URLs of proxies, base URLs and the store, as they are written and URL-decoded."""
    found = [_password(clean(value)) for name, value in env.items() if name.lower().endswith(_WITH_PASSWORDS)]
    return [form for password in found if password for form in (password, unquote(password))]


def _password(url: str) -> str:
    with suppress(ValueError):
        return urlsplit(f"//{url.partition('//')[2] or url}").password or ""
    return ""


def _read(variable: str, value: str) -> str:
    before, separator, after = value.partition("://")
    scheme, rest = before.lower() if separator else "", (after if separator else value).rstrip("/")
    parts = _split(rest)
    if not parts or scheme not in {"", *_SCHEMES}:
        raise _wrong(variable, "is not a URL that can be used")
    if parts.query or parts.fragment:
        raise _wrong(variable, "has a query or a fragment, which cannot be sent")
    # In the local network, TLS is rare.
    return f"{scheme or ('http' if is_local_host(parts.hostname or '') else 'https')}://{rest}"


def _split(rest: str) -> SplitResult | None:
    """Return the parts of a URL without its scheme, or None if it has no host or cannot be read."""
    with suppress(ValueError):
        parts = urlsplit(f"//{rest}")
        if parts.hostname and parts.port != 0 and not re.search(r"\s", rest):
            return parts
    return None


def _wrong(variable: str, why: str) -> Misconfigured:
    return Misconfigured(
        f"{variable} {why}.",
        f"Set {variable} to a base URL such as https://gateway.example/v1, and restart the server.",
        variables=[variable],
    )
