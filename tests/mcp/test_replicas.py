"""A replica behind a balancer: it tells whether it is ready, and remembers no session of its own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from fakes.http import OwnSite, installed, site
from fakes.sites import message
from mediasmith.engine.bootstrap import lazy_engine
from mediasmith.engine.readiness import AlwaysReady
from mediasmith.mcp.http.listener import http_app
from mediasmith.plugin.errors import MediaError

FLEET: dict[str, Any] = {"database_url": SecretStr("postgresql://db/media"), "store_url": "s3://media"}
SECRET = (SecretStr("0123456789abcdef" * 2),)
HELLO = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "x", "version": "1"}}


@pytest.fixture(autouse=True)
def with_packages(monkeypatch: pytest.MonkeyPatch) -> None:
    def find(_name: str) -> object:
        return object()

    monkeypatch.setattr("mediasmith.config.fleet.find_spec", find)


async def probe(served: OwnSite, path: str = "/ready") -> tuple[int, str]:
    """Return the status and the text of the answer to a probe by another Host."""
    async with served.browser() as browser:
        answer = await browser.get(path, headers={"Host": "10.0.0.7:8765"})
    return answer.status_code, answer.json()["status"]


async def test_one_machine_is_always_ready(local: OwnSite) -> None:
    assert await probe(local) == (200, "ready")
    assert await probe(local, "/health") == (200, "ok")


async def test_a_replica_that_cannot_or_must_not_take_calls_is_not_ready_but_healthy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def late(_self: AlwaysReady) -> str:
        return "its last sign of life is 16 s old"

    monkeypatch.setattr(AlwaysReady, "reason_not_ready", late)
    async with site(installed(tmp_path)) as served:
        assert await probe(served) == (503, "its last sign of life is 16 s old")
        served.opened.draining = True
        assert await probe(served) == (503, "it is shutting down")
        assert await probe(served, "/health") == (200, "ok")


async def test_why_a_replica_cannot_be_used_is_not_told_to_everybody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_given: object, **_more: object) -> None:
        raise MediaError("db.internal does not answer.")

    monkeypatch.setattr("mediasmith.engine.assembly.build_engine", fail)
    async with site(installed(tmp_path)) as served:
        status, told = await probe(served)
    assert (status, "db.internal" in told) == (503, False)


async def test_a_client_that_began_at_one_replica_goes_on_at_another(tmp_path: Path) -> None:
    headers = {"Accept": "application/json, text/event-stream"}
    installation = installed(tmp_path, **FLEET, secret=SECRET)
    async with site(installation) as one, site(installation) as two, one.browser() as first, two.browser() as second:
        begun = await first.post("/mcp", json=message("initialize", HELLO), headers=headers)
        version = {"Mcp-Protocol-Version": "2025-11-25"}
        went_on = await second.post("/mcp", json=message("resources/templates/list", {}), headers=headers | version)
    assert "mcp-session-id" not in begun.headers
    assert '"resourceTemplates"' in went_on.text


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        (FLEET, "MEDIASMITH_SECRET is not set"),
        ({"store_url": "s3://media"}, "MEDIASMITH_STORE_URL is set, but MEDIASMITH_DATABASE_URL is not"),
    ],
)
async def test_half_a_fleet_is_not_served(tmp_path: Path, settings: dict[str, Any], said: str) -> None:
    async with lazy_engine(lambda: installed(tmp_path, **settings)) as opened:
        with pytest.raises(MediaError, match=said):
            http_app(opened)
