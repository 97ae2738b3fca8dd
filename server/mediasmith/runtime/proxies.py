"""The proxies that the environment names, or else the system, and the hosts to reach without one."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from ipaddress import ip_address, ip_network
from urllib.parse import SplitResult, urlsplit
from urllib.request import getproxies, proxy_bypass

from mediasmith.config.env_values import clean
from mediasmith.config.settings import unexpanded
from mediasmith.plugin.errors import Misconfigured

_KINDS = ("http", "https", "all")
_SCHEMES = {"http", "https", "socks5", "socks5h"}
_PORTS = {"http": 80, "https": 443}
_WITH_SETTINGS = {"darwin", "win32"}
"""The platforms whose own settings may name proxies."""


@dataclass(frozen=True, kw_only=True)
class Proxy:
    """A proxy as a variable, or the system, names it. `value` may contain a password."""

    variable: str
    value: str = field(repr=False)

    @property
    def url(self) -> str:
        """The URL: with `http` where it has no scheme, and with `socks5` where that is `socks`, as GNOME writes it.

        Raises:
            Misconfigured: it is not the URL of a proxy that can be used.
        """
        parts = self._split()
        if parts is None:
            raise self._wrong("is not the URL of a proxy")
        if parts.scheme not in _SCHEMES:
            raise self._wrong(f"names a {parts.scheme} proxy, which cannot be used")
        return parts.geturl()

    @property
    def address(self) -> str:
        """The URL without user name and password, or "" if it cannot be read."""
        parts = self._split()
        return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}" if parts else ""

    @property
    def password(self) -> str:
        """The password in it, or ""."""
        parts = self._split()
        return (parts.password or "") if parts else ""

    def _split(self) -> SplitResult | None:
        scheme, separator, rest = self.value.partition("://")
        url = f"{'socks5' if scheme.lower() == 'socks' else scheme}://{rest}" if separator else f"http://{self.value}"
        with suppress(ValueError):
            parts = urlsplit(url)
            more = parts.path.strip("/") or parts.query or parts.fragment
            if parts.hostname and parts.port != 0 and not more and not re.search(r"\s", url):
                return parts
        return None

    def _wrong(self, what: str) -> Misconfigured:
        return Misconfigured(
            f"{self.variable} {what}.",
            f"Set {self.variable} to http://HOST:PORT or socks5://HOST:PORT, or unset it, and restart the server.",
            variables=[self.variable],
        )


@dataclass(frozen=True, kw_only=True)
class Proxies:
    """What was read: a proxy for each of `http`, `https` and `all`, and the hosts that none is used for."""

    named: Mapping[str, Proxy]
    exempt: str = ""
    exempt_variable: str = ""
    of_system: bool = False

    def find(self, url: str) -> Proxy | None:
        """Return the proxy that requests to `url` go through, or None. This machine's own addresses never need one."""
        parts = urlsplit(url)
        host = (parts.hostname or "").rstrip(".")
        found = self.named.get(parts.scheme) or self.named.get("all")
        if not found or _is_this_machine(host) or is_exempt(self.exempt, host, parts.port or _PORTS.get(parts.scheme)):
            return None
        return None if self.of_system and proxy_bypass(host) else found


def read_proxies(env: Mapping[str, str]) -> Proxies:
    """Return the proxies that `env` names, in small letters or capitals; or those of the system, where it names none.

    As for curl, a name in small letters counts first, and a value that is empty means that there is no proxy.
    """
    named = {kind: Proxy(variable=name, value=clean(env[name])) for kind in _KINDS if (name := _find(env, kind))}
    variable = _find(env, "no")
    exempt = clean(env.get(variable, ""))
    if named or sys.platform not in _WITH_SETTINGS:
        named = {kind: proxy for kind, proxy in named.items() if proxy.value}
        return Proxies(named=named, exempt=exempt, exempt_variable=variable)
    found = {kind: value for kind, value in getproxies().items() if kind in _KINDS}
    proxies = {kind: Proxy(variable=f"the system's {kind} proxy", value=value) for kind, value in found.items()}
    return Proxies(named=proxies, exempt=exempt, exempt_variable=variable, of_system=True)


def is_exempt(exempt: str, host: str, port: int | None) -> bool:
    """Return whether a host in lower case is among those of a NO_PROXY: names with their subdomains, or `*`.

    An entry may also be an address, a range of addresses such as `fd00::/8`, or any of these with a port. What cannot
    be read is passed over, as by curl and Go.
    """
    entries = re.split(r"[\s,;]+", exempt.strip().lower())
    return any(entry == "*" or _matches(entry, host, port) for entry in entries if entry)


def _matches(entry: str, host: str, port: int | None) -> bool:
    entry = (entry.partition("://")[2] or entry).rstrip("/")
    before, _, after = entry.rpartition(":")
    if after.isdecimal() and (before.endswith("]") or ":" not in before) and before:
        if int(after) != port:
            return False
        entry = before
    entry = re.sub(r"[\[\]]", "", entry)
    with suppress(ValueError):
        network = ip_network(entry, strict=False)
        with suppress(ValueError):
            return ip_address(host) in network
        return False
    name = entry.removeprefix("*").strip(".")
    return bool(name) and (host == name or host.endswith(f".{name}") or fnmatchcase(host, name))


def _is_this_machine(host: str) -> bool:
    with suppress(ValueError):
        address = ip_address(host)
        return address.is_loopback or address.is_unspecified  # engines print http://0.0.0.0:8000 when they start
    return host == "localhost" or host.endswith(".localhost")


def _find(env: Mapping[str, str], kind: str) -> str:
    """Return the name of the variable that is set, or ""."""
    names = (f"{kind}_proxy", f"{kind}_PROXY".upper())
    return next((name for name in names if name in env and not unexpanded(env[name])), "")
