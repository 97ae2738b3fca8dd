"""Prevent server-side request forgery: refuse hosts and addresses that are not on the public internet."""

from __future__ import annotations

import re
from collections.abc import Iterable
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from mediasmith.plugin.errors import NotAllowed

_MAX_HOST = 253  # characters, by the rules of DNS

# Everything reserved from public use. Python's own `is_global` differs between versions and misses some of these.
_NOT_PUBLIC = tuple(
    ip_network(network)
    for network in (
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",  # carrier-grade NAT; also a cloud's metadata service
        "127.0.0.0/8",
        "168.63.129.16/32",  # a cloud's host, at an address that looks public
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.88.99.0/24",
        "192.168.0.0/16",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/3",  # multicast and reserved
        # Of IPv6 only 2000::/3 is in public use, except for protocol assignments with Teredo (2001::/23), documentation
        # (2001:db8::/32, 3fff::/20) and 6to4 (2002::/16).
        "::/3",
        "2001::/23",
        "2001:db8::/32",
        "2002::/16",
        "3fff::/20",
        "4000::/2",
        "8000::/1",
    )
)

_NAT64 = ip_network("64:ff9b::/96")
_ISATAP = {0x0000_5EFE, 0x0200_5EFE}  # the upper half of an interface identifier; an IPv4 address follows

_NAME = re.compile(r"[a-z0-9_-]+(\.[a-z0-9_-]+)*\.?")
_LOCAL = re.compile(r"(.+\.)?(localhost|local|internal)\.?")
_NUMBER = re.compile(r"(.+\.)?(0x[0-9a-f]*|[0-9]+)\.?")  # 2130706433, 0x7f000001, 127.1: addresses in disguise


def parse_ip(text: str) -> IPv4Address | IPv6Address | None:
    """Return the IP address that `text` is, or None."""
    try:
        return ip_address(text)
    except ValueError:
        return None


def is_public(address: str) -> bool:
    """Return whether an IP address, and the one it tunnels to, is on the public internet. False for any other text."""
    ip = parse_ip(address)
    if isinstance(ip, IPv6Address):
        inner = ip.ipv4_mapped or (IPv4Address(int(ip) & 0xFFFF_FFFF) if ip in _NAT64 else None)
        if inner:
            return is_public(str(inner))
        if int(ip) >> 32 & 0xFFFF_FFFF in _ISATAP:
            return False
    return ip is not None and not any(ip in network for network in _NOT_PUBLIC)


def check_host(host: str) -> None:
    """Check a host name in lower case, before it is resolved. IP addresses pass: `check_addresses` is for them.

    Raises:
        NotAllowed: it is no valid name, a name of the local network, or a number that some systems take for an address.
    """
    if parse_ip(host):
        return
    if not _NAME.fullmatch(host) or len(host) > _MAX_HOST:
        raise NotAllowed("The URL has no valid host name.")
    if _NUMBER.fullmatch(host):
        raise NotAllowed(f"{host} is not a host name; write an address as four decimal numbers.")
    if _LOCAL.fullmatch(host):
        raise _not_public(host)


def check_addresses(host: str, addresses: Iterable[str]) -> None:
    """Check the addresses that a host resolves to.

    Raises:
        NotAllowed: any of them is not public: the next answer of the resolver might consist of that one.
    """
    if not all(is_public(address) for address in addresses):
        raise _not_public(host)


def _not_public(host: str) -> NotAllowed:
    return NotAllowed(
        f"{host} is not a public host, so nothing is downloaded from it.",
        "To allow it, add it to MEDIASMITH_TRUSTED_HOSTS and restart the server.",
    )
