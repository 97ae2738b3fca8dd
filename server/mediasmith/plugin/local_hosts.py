"""Tell the hosts of the user's own machine and network from those of the internet, by their names alone."""

from __future__ import annotations

from contextlib import suppress
from ipaddress import ip_address

_OF_LOCAL_NETWORK = (".local", ".internal", ".localhost")


def is_local_host(host: str) -> bool:
    """Return whether a host is this machine or one of the local network; no name is looked up."""
    with suppress(ValueError):
        return ip_address(host).is_private
    return "." not in host or host.lower().endswith(_OF_LOCAL_NETWORK)
