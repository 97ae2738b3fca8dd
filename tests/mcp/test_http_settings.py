"""The server does not start over HTTP with settings that are not safe or not possible."""

from __future__ import annotations

import socket
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from fakes.http import Users, installed
from fakes.sites import TOKEN
from mediasmith.engine.bootstrap import lazy_engine
from mediasmith.mcp.http.listener import HOST, http_app, serve_http
from mediasmith.plugin.errors import MediaError


@pytest.mark.parametrize(
    ("url", "hosts", "settings"),
    [
        ("https://media.example.org", (), {}),
        ("", (), {"http_url": "https://media.example.org"}),
        ("", ("10.0.0.7",), {}),
        ("", ("0.0.0.0",), {}),
        ("", ("localhost.example.org",), {}),
    ],
)
async def test_an_app_for_other_machines_needs_a_token_or_a_verifier(
    tmp_path: Path, url: str, hosts: tuple[str, ...], settings: dict[str, Any]
) -> None:
    async with lazy_engine(lambda: installed(tmp_path, **settings)) as opened:
        with pytest.raises(MediaError, match="without a token") as caught:
            http_app(opened, url=url, hosts=hosts)
        assert http_app(opened, url=url, hosts=hosts, token_verifier=Users())
    async with lazy_engine(lambda: installed(tmp_path, http_token=SecretStr(TOKEN), **settings)) as opened:
        assert http_app(opened, url=url, hosts=hosts)
    assert "Set MEDIASMITH_HTTP_TOKEN" in caught.value.hint


@pytest.mark.parametrize(
    ("env", "problem"),
    [
        ({"MEDIASMITH_HTTP_TOKEN": "too-short-012345"[:15]}, "Correct it and start the server again."),
        ({"MEDIASMITH_HTTP_TOKEN": "with a space in it 0123456789"}, "at least 16 characters without spaces"),
        ({"MEDIASMITH_HTTP_TOKEN": "${HTTP_TOKEN}"}, "MEDIASMITH_HTTP_TOKEN still contains ${...}"),
        ({"MEDIASMITH_HTTP_TOKN": TOKEN}, "did you mean MEDIASMITH_HTTP_TOKEN?"),
        ({"MEDIASMITH_HTTP_URL": "media.example.org"}, "MEDIASMITH_HTTP_URL is not valid"),
        ({"MEDIASMITH_HTTP_URL": "https://media.example.org/mcp"}, "a URL without /mcp"),
    ],
    ids=str,
)
async def test_the_server_does_not_start_with_an_invalid_http_setting(
    monkeypatch: pytest.MonkeyPatch, env: dict[str, str], problem: str
) -> None:
    said = await start_error(monkeypatch, env=env)
    assert problem in said
    assert env.get("MEDIASMITH_HTTP_TOKEN", TOKEN) not in said


@pytest.mark.parametrize(
    ("host", "env", "expected"),
    [
        ("0.0.0.0", {}, "0.0.0.0 can be reached from other machines"),
        ("0", {}, "0.0.0.0 can be reached from other machines"),
        ("::", {}, ":: can be reached from other machines"),
        (
            "0.0.0.0",
            {"MEDIASMITH_HTTP_TOKEN": TOKEN},
            "Set MEDIASMITH_HTTP_URL to that address, for example https://media.",
        ),
        ("0", {"MEDIASMITH_HTTP_TOKEN": TOKEN}, "0 means every address of this machine"),
        ("::", {"MEDIASMITH_HTTP_TOKEN": TOKEN}, ":: means every address of this machine"),
        (HOST, {"MEDIASMITH_HTTP_URL": "https://media.example.org"}, "Set MEDIASMITH_HTTP_TOKEN to at least 16"),
        ("192.0.2.1", {}, "192.0.2.1 can be reached from other machines"),
        ("192.0.2.1", {"MEDIASMITH_HTTP_TOKEN": TOKEN}, "Cannot listen on port 0 of 192.0.2.1"),
        ("", {}, "'' is not an address of this machine"),
        ("a b", {}, "'a b' is not an address of this machine"),
    ],
)
async def test_the_server_does_not_start_on_an_address_that_it_may_not_or_cannot_use(
    monkeypatch: pytest.MonkeyPatch, host: str, env: dict[str, str], expected: str
) -> None:
    assert expected in await start_error(monkeypatch, host, env=env)


async def test_the_server_does_not_start_on_a_port_that_it_cannot_use(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server((HOST, 0)) as other:
        port = other.getsockname()[1]
        said = await start_error(monkeypatch, port=port)
    assert said.startswith(f"Cannot listen on port {port} of 127.0.0.1: Address already in use.")
    assert "Choose one from 0 to 65535" in await start_error(monkeypatch, port=65_536)


async def start_error(
    monkeypatch: pytest.MonkeyPatch, host: str = HOST, port: int = 0, env: Mapping[str, str] | None = None
) -> str:
    """Return the error with which the server does not start."""
    for name, value in (env or {}).items():
        monkeypatch.setenv(name, value)
    with pytest.raises(MediaError) as caught:
        await serve_http(host, port)
    return str(caught.value)
