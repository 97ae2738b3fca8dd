"""Which hosts count as the user's own."""

from __future__ import annotations

import pytest

from mediasmith.plugin.local_hosts import is_local_host


@pytest.mark.parametrize(
    "host", ["localhost", "gpu", "127.0.0.1", "10.0.0.7", "172.16.0.1", "192.168.1.2", "::1", "fe80::1", "Box.LOCAL"]
)
def test_a_host_of_this_machine_or_the_local_network_is_local(host: str) -> None:
    assert is_local_host(host)


@pytest.mark.parametrize("host", ["api.together.ai", "8.8.8.8", "172.32.0.1", "2606:4700::1", "local.example"])
def test_any_other_host_is_not(host: str) -> None:
    assert not is_local_host(host)
