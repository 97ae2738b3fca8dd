"""Which hosts and origins are let in: names are compared whole, and a port is a number."""

from __future__ import annotations

import pytest

from mediasmith.mcp.http.access_control import allowed_hosts, allowed_origins

URL = "https://media.example.org/studio"


@pytest.mark.parametrize(
    "host",
    [
        *("localhost", "localhost:1", "LocalHost:65535", "127.0.0.1:8765", "[::1]", "[::1]:8765"),
        *("media.example.org", "media.example.org:443", "10.0.0.7:8765", "[fd00::1]:8765"),
    ],
)
def test_known_hosts_are_let_in(host: str) -> None:
    assert allowed_hosts(URL, ["10.0.0.7", "fd00::1"]).fullmatch(host)


@pytest.mark.parametrize(
    "host",
    [
        *("", "evil.test", "evil.test:8765", "127.0.0.1.evil.test", "evil.test.localhost", "media-example.org"),
        *("localhost:evil.test", "localhost:", "127.0.0.1:80@evil.test", "localhost:80:80", "localhost :80"),
        *("localhost:80\n", "::1", "[::1", "localhost/", "localhost.", "10.0.0.7", "localhost:123456"),
    ],
)
@pytest.mark.parametrize("url", [URL, ""])
def test_other_hosts_are_refused(host: str, url: str) -> None:
    assert not allowed_hosts(url, []).fullmatch(host)


@pytest.mark.parametrize(
    "origin",
    [
        "http://localhost",
        "http://localhost:6274",
        "https://localhost:5173",
        "http://[::1]:80",
        "https://media.example.org",
    ],
)
def test_pages_of_this_machine_and_of_the_public_address_are_let_in(origin: str) -> None:
    assert allowed_origins(URL).fullmatch(origin)
    assert allowed_origins("https://media.example.org:443").fullmatch(origin)


@pytest.mark.parametrize(
    "origin",
    [
        *("http://evil.test", "https://localhost.evil.test", "null", "http://localhost:1.evil.test", "localhost"),
        *("http://localhost@evil.test", "http://localhost:80@evil.test", "http://localhost:1/x", "file://", "http://"),
        *("http://media.example.org", "https://media.example.org:8443", "https://media.example.org.evil.test"),
        *("https://evil.test", "https://mediaXexample.org"),
    ],
)
def test_other_pages_are_refused(origin: str) -> None:
    assert not allowed_origins(URL).fullmatch(origin)


def test_a_port_of_the_public_address_is_that_of_its_pages() -> None:
    assert allowed_origins("http://media.example.org:8080").fullmatch("http://media.example.org:8080")
    assert not allowed_origins("http://media.example.org:8080").fullmatch("http://media.example.org")
