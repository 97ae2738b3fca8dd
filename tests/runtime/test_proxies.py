"""Which proxy a request goes through, by the variables of the environment."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from mediasmith.plugin.errors import Misconfigured
from mediasmith.runtime import proxies
from mediasmith.runtime.proxies import read_proxies

HTTP, HTTPS, ALL = "http://proxy.example:1", "http://proxy.example:2", "http://proxy.example:3"
BOTH = {"HTTPS_PROXY": HTTPS, "HTTP_PROXY": HTTP}


def way(url: str, env: Mapping[str, str]) -> str | None:
    proxy = read_proxies(env).find(url)
    return proxy.url if proxy else None


@pytest.mark.parametrize(
    ("env", "url", "proxy"),
    [
        ({}, "https://api.example/", None),
        (BOTH, "https://api.example/", HTTPS),
        (BOTH, "http://api.example/", HTTP),
        ({"https_proxy": HTTPS}, "https://api.example/", HTTPS),
        ({"https_proxy": HTTPS, "HTTPS_PROXY": ALL}, "https://api.example/", HTTPS),
        ({"https_proxy": "", "HTTPS_PROXY": ALL}, "https://api.example/", None),
        ({"HTTPS_PROXY": " "}, "https://api.example/", None),
        ({"HTTPS_PROXY": "${HTTPS_PROXY}"}, "https://api.example/", None),
        ({"HTTP_PROXY": HTTP}, "https://api.example/", None),
        ({"ALL_PROXY": ALL, "HTTP_PROXY": HTTP}, "https://api.example/", ALL),
        ({"ALL_PROXY": ALL, "HTTP_PROXY": HTTP}, "http://api.example/", HTTP),
    ],
)
def test_the_environment_names_the_proxy(env: Mapping[str, str], url: str, proxy: str | None) -> None:
    assert way(url, env) == proxy


@pytest.mark.parametrize(
    ("exempt", "url"),
    [
        ("api.example", "https://api.example/"),
        ("localhost, .example", "https://API.example:444/"),
        ("other.example example", "https://api.example./"),
        ("*.example", "https://api.example/"),
        ("api.*", "https://api.example/"),
        ("https://api.example/", "https://api.example/"),
        ("api.example:443", "https://api.example/"),
        ("api.example:8443", "https://api.example:8443/"),
        ("10.1.2.3", "https://10.1.2.3/"),
        ("10.0.0.0/8", "https://10.1.2.3/"),
        ("10.1.2.3/8", "https://10.1.2.4/"),
        ("10.1.2.3:444", "https://10.1.2.3:444/"),
        ("10.1.*", "https://10.1.2.3/"),
        ("fd07::1", "https://[FD07:0::1]:444/"),
        ("[fd07::1]", "https://[fd07::1]/"),
        ("[fd07::1]:444", "https://[fd07::1]:444/"),
        ("fd07:b51a:cc66:f0::/64", "https://[fd07:b51a:cc66:f0::9]/"),
        ("[fd07::]/16", "https://[fd07::9]/"),
        ("what,is:this/,*", "https://api.example/"),
        ('"other.example,api.example"', "https://api.example/"),
        ("", "http://127.0.0.1:8000/"),
        ("", "http://localhost:8000/"),
        ("", "http://[::1]:8000/"),
        ("", "http://0.0.0.0:8000/"),
    ],
)
def test_an_exempt_host_and_this_machine_are_reached_without_a_proxy(exempt: str, url: str) -> None:
    assert way(url, {**BOTH, "no_proxy": exempt}) is None


@pytest.mark.parametrize(
    ("exempt", "url"),
    [
        ("other.example", "https://api.example/"),
        ("pi.example", "https://api.example/"),
        ("api.example:8443", "https://api.example/"),
        ("api.example:8443", "https://api.example:444/"),
        ("10.0.0.0/8", "https://11.1.2.3/"),
        ("10.0.0.0/8", "https://10.example/"),
        ("10.0.0.0/99, fd07::/999, ], :", "https://10.1.2.3/"),
        ("fd07::/64", "https://[fd08::1]/"),
        ("fd07::/64", "https://10.1.2.3/"),
        ("[fd07::1]:444", "https://[fd07::1]:445/"),
    ],
)
def test_any_other_host_is_not_exempt(exempt: str, url: str) -> None:
    assert way(url, {**BOTH, "NO_PROXY": exempt}) == HTTPS


@pytest.mark.parametrize(
    ("value", "url"),
    [
        ("proxy.example:3128", "http://proxy.example:3128"),
        ("HTTP://proxy.example", "http://proxy.example"),
        ("https://proxy.example:3128/", "https://proxy.example:3128/"),
        ("socks://127.0.0.1:7890/", "socks5://127.0.0.1:7890/"),
        ("socks5h://ann:p%40ss@[::1]:1080", "socks5h://ann:p%40ss@[::1]:1080"),
        ("'proxy.example:3128'", "http://proxy.example:3128"),
        ("\u200bhttp://proxy.example:3128 ", "http://proxy.example:3128"),
    ],
)
def test_a_proxy_is_read_as_people_write_it(value: str, url: str) -> None:
    assert way("https://api.example/", {"ALL_PROXY": value}) == url


@pytest.mark.parametrize(
    "value",
    [
        "http://",
        "http://proxy:port",
        "http://proxy:0",
        "http://[proxy",
        "ann:secret@ proxy:1",
        "ftp://ann:secret@proxy",
        "http//ann:secret@proxy:1",
        "http://proxy.example/proxy.pac",
    ],
)
def test_a_proxy_that_cannot_be_used_is_named_by_its_variable_without_its_value(value: str) -> None:
    with pytest.raises(Misconfigured) as caught:
        way("https://api.example/", {"all_proxy": value})
    assert caught.value.variables == ("all_proxy",)
    assert "all_proxy" in caught.value.message
    assert not any(part in str(caught.value) for part in ("secret", "ann:"))


def test_a_kind_of_proxy_that_is_not_supported_is_named() -> None:
    with pytest.raises(Misconfigured, match="HTTPS_PROXY names a socks4 proxy, which cannot be used"):
        way("https://api.example/", {"HTTPS_PROXY": "socks4://proxy.example:1080"})


def test_what_is_shown_of_a_proxy_has_no_login() -> None:
    [proxy] = read_proxies({"HTTPS_PROXY": "http://ann:secret@proxy.example:1"}).named.values()
    assert (proxy.address, proxy.variable) == ("http://proxy.example:1", "HTTPS_PROXY")
    assert "secret" not in repr(proxy)


def test_the_systems_own_proxies_count_where_the_environment_names_none(monkeypatch: pytest.MonkeyPatch) -> None:
    def of_system() -> dict[str, str]:
        return {"https": HTTPS, "ftp": "ftp://proxy.example"}

    def bypass(host: str) -> bool:
        return host == "own.example"

    monkeypatch.setattr("sys.platform", "darwin")
    monkeypatch.setattr(proxies, "getproxies", of_system)
    monkeypatch.setattr(proxies, "proxy_bypass", bypass)
    assert way("https://api.example/", {}) == HTTPS
    assert way("https://own.example/", {}) is None
    assert way("https://api.example/", {"NO_PROXY": "example"}) is None
    assert way("https://api.example/", {"ALL_PROXY": ALL}) == ALL
    assert way("https://api.example/", {"https_proxy": ""}) is None
