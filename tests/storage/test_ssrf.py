"""Which addresses and host names are public."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mediasmith.plugin.errors import NotAllowed
from mediasmith.storage.ssrf import check_addresses, check_host, is_public

PRIVATE = (
    "0.0.0.0",
    "0.1.2.3",
    "10.0.0.0",
    "10.255.255.255",
    "100.64.0.0",
    "100.100.100.200",
    "100.127.255.255",
    "127.0.0.1",
    "127.255.255.255",
    "168.63.129.16",
    "169.254.0.1",
    "169.254.42.42",
    "169.254.169.254",
    "169.254.170.2",
    "169.254.170.23",
    "172.16.0.0",
    "172.31.255.255",
    "192.0.0.1",
    "192.0.0.192",
    "192.0.2.1",
    "192.88.99.1",
    "192.168.0.0",
    "192.168.255.255",
    "198.18.0.1",
    "198.19.255.255",
    "198.51.100.1",
    "203.0.113.1",
    "224.0.0.1",
    "239.255.255.255",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "100::1",
    "2001::5601:5601",
    "2001:2::1",
    "2001:20::1",
    "2001:db8::1",
    "3fff::1",
    "3fff:fff::1",
    "5f00::1",
    "fc00::1",
    "fd00:ec2::254",
    "fd20:ce::254",
    "fe80::1",
    "fe80::1%eth0",
    "febf::1",
    "fec0::1",
    "ff02::1",
    "ff0e::1",
    "::7f00:1",
    "::127.0.0.1",
    "::169.254.169.254",
    "::ffff:10.0.0.1",
    "::ffff:127.0.0.1",
    "::ffff:169.254.169.254",
    "::ffff:0:127.0.0.1",
    "::ffff:0:169.254.169.254",
    "2002:c0a8:0101::1",
    "2002:7f00:1::1",
    "64:ff9b::a9fe:a9fe",
    "64:ff9b::127.0.0.1",
    "64:ff9b:1:a9fe:a9:fe00::",
    "64:ff9b:1::7f00:1",
    "2606:4700::5efe:169.254.169.254",
    "2606:4700::200:5efe:127.0.0.1",
)
PUBLIC = (
    "1.1.1.1",
    "8.8.8.8",
    "100.63.255.255",
    "100.128.0.0",
    "168.63.129.15",
    "172.15.255.255",
    "172.32.0.0",
    "223.255.255.255",
    "::ffff:8.8.8.8",
    "64:ff9b::8.8.8.8",
    "2001:4860:4860::8888",
    "2606:4700:4700::1111",
    "2a00:1450:4001:82a::200e",
)


@pytest.mark.parametrize("address", PRIVATE)
def test_a_private_or_special_address_is_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", PUBLIC)
def test_an_internet_address_is_public(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize("text", ["", "example.com", "8.8.8", "2130706433", "0x7f000001", "0177.0.0.1", "8.8.8.8."])
def test_text_that_is_no_address_is_not_public(text: str) -> None:
    assert not is_public(text)


@given(st.ip_addresses(v=4))
def test_a_tunnelled_address_is_as_public_as_the_one_inside(inner: ipaddress.IPv4Address) -> None:
    assert is_public(f"::ffff:{inner}") == is_public(f"64:ff9b::{inner}") == is_public(str(inner))


@given(st.ip_addresses(network="::/3") | st.ip_addresses(network="4000::/2") | st.ip_addresses(network="8000::/1"))
def test_outside_the_assigned_ipv6_range_only_tunnels_can_be_public(address: object) -> None:
    assert not is_public(str(address)) or str(address).startswith(("::ffff:", "64:ff9b::"))


@pytest.mark.parametrize("host", ["media.example", "media.example.", "a-b_c.1x", "8.8.8.8", "::1", "10.0.0.1"])
def test_a_host_name_that_may_be_public_and_any_address_pass(host: str) -> None:
    check_host(host)


@pytest.mark.parametrize(
    ("host", "message"),
    [
        *((host, "no valid host name") for host in ("", ".", "a..b", ".a", "a b", "%6d", "Media", "a." * 127 + "a")),
        *(
            (host, "is not a host name")
            for host in ("2130706433", "0x7f000001", "0x7f.1", "0177.0.0.1", "127.1", "127.0.0.1.")
        ),
        *((host, "not a public host") for host in ("localhost", "localhost.", "a.localhost", "a.local", "a.internal")),
    ],
)
def test_an_invalid_numeric_or_local_host_name_is_refused(host: str, message: str) -> None:
    with pytest.raises(NotAllowed, match=message):
        check_host(host)


def test_one_private_address_among_several_is_refused() -> None:
    check_addresses("media.example", ["8.8.8.8", "1.1.1.1"])
    with pytest.raises(NotAllowed, match=r"media.example is not a public host") as caught:
        check_addresses("media.example", ["8.8.8.8", "10.0.0.1"])
    assert "MEDIASMITH_TRUSTED_HOSTS" in caught.value.hint
