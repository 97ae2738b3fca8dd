"""Base URLs, as people write them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from fakes.backends import fake
from mediasmith.config.base_urls import passwords, set_base_urls, trusted_hosts
from mediasmith.config.credentials import read_access, setting_problems
from mediasmith.config.installation import Installation
from mediasmith.config.registry import Registry
from mediasmith.config.settings import Settings
from mediasmith.plugin.errors import Misconfigured

OURS, VENDORS = "MEDIASMITH_ACME_BASE_URL", "ACME_BASE_URL"
ACME = fake("acme", base_urls=(VENDORS,))


@pytest.mark.parametrize(
    ("value", "url"),
    [
        ("https://gateway.example/v1", "https://gateway.example/v1"),
        (" 'https://gateway.example/v1/' ", "https://gateway.example/v1"),
        ("HTTPS://gateway.example//", "https://gateway.example"),
        ("gateway.example/v1", "https://gateway.example/v1"),
        ("gateway.example:8443", "https://gateway.example:8443"),
        ("localhost:8000/v1", "http://localhost:8000/v1"),
        ("192.168.1.5:8000", "http://192.168.1.5:8000"),
        ("[::1]:8000", "http://[::1]:8000"),
        ("engine:8000", "http://engine:8000"),
        ("host.docker.internal:8000", "http://host.docker.internal:8000"),
        ("9.9.9.9", "https://9.9.9.9"),
        ("grpc://gateway.example:5000", "grpc://gateway.example:5000"),
        ("https://ann:secret@gateway.example", "https://ann:secret@gateway.example"),
    ],
)
def test_a_base_url_is_read_as_people_write_it(value: str, url: str) -> None:
    assert read_access(ACME, {OURS: value}).base_url == url


@pytest.mark.parametrize("value", ["", " ", '""', "${URL}"])
def test_what_is_blank_or_a_template_is_not_set(value: str) -> None:
    assert set_base_urls(ACME, {OURS: value, VENDORS: value}) == {}


def test_the_vendors_own_variable_comes_with_the_others_and_both_hosts_are_trusted() -> None:
    env = {OURS: "https://gateway.example/v1", VENDORS: "10.0.0.7:8000/"}
    access = read_access(ACME, env)
    assert (access.base_url, access.env) == ("https://gateway.example/v1", {VENDORS: "http://10.0.0.7:8000"})
    assert trusted_hosts(ACME, env) == ["gateway.example", "10.0.0.7"]
    assert trusted_hosts(ACME, {}) == []


def test_an_engine_on_this_machine_is_at_its_usual_address_unless_another_one_is_set() -> None:
    engine = replace(ACME, local_url="http://127.0.0.1:8188")
    elsewhere = {OURS: "http://10.0.0.7:8000"}
    assert read_access(engine, {}).base_url == "http://127.0.0.1:8188"
    assert read_access(engine, elsewhere).base_url == "http://10.0.0.7:8000"
    assert trusted_hosts(engine, {}, ready=True) == ["127.0.0.1"]
    assert trusted_hosts(engine, {}) == []
    assert trusted_hosts(engine, elsewhere, ready=True) == ["10.0.0.7"]


@pytest.mark.parametrize("variable", [OURS, VENDORS])
@pytest.mark.parametrize(
    "value",
    [
        "http://",
        "http://host:port",
        "http://host:0",
        "http://[host",
        "ftp://host",
        "a key-secret",
        "https://h/v1?k=secret",
    ],
)
def test_one_that_cannot_be_used_is_named_without_its_value_and_the_backend_is_not_ready(
    variable: str, value: str
) -> None:
    env = {variable: value}
    with pytest.raises(Misconfigured, match=f"^{variable} ") as caught:
        read_access(ACME, env)
    assert "secret" not in str(caught.value)
    installation = Installation(settings=Settings(), registry=Registry(backends={"acme": ACME}, broken={}), env=env)
    assert installation.missing["acme"].startswith(f"{variable} ")
    assert setting_problems(ACME, env) == (installation.missing["acme"],)
    assert trusted_hosts(ACME, env) == []


def test_passwords_in_urls_are_secrets_as_written_and_as_meant() -> None:
    env = {
        "https_proxy": "http://ann:p%40ss-word@proxy.example:1",
        "ALL_PROXY": "bob:second-word@proxy.example",
        "OPENAI_BASE_URL": "https://ann:third-word@gateway.example",
        "NO_PROXY": "10.0.0.0/8,[",
        "HTTP_PROXY": "http://[",
        "OTHER": "http://ann:not-read@x",
        "FTP_PROXY": "'http://ann:fourth-word@proxy.example'",
        "GRPC_PROXY": "http//ann:fifth-word@proxy.example",
    }
    assert set(passwords(env)) == {
        *("p%40ss-word", "p@ss-word", "second-word", "third-word", "fourth-word", "fifth-word"),
    }
