"""Servers over HTTP, for the tests of a file, and the protocols that clients speak."""

from __future__ import annotations

from collections.abc import AsyncGenerator

import pytest
from pydantic import SecretStr

from fakes.http import OwnSite, installed, site
from fakes.server import ERAS, Era
from fakes.sites import TOKEN, backends


@pytest.fixture(params=ERAS)
def era(request: pytest.FixtureRequest) -> Era:
    return request.param


@pytest.fixture(scope="module")
async def local(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[OwnSite]:
    """A server without authentication."""
    async with site(installed(tmp_path_factory.mktemp("local"), *backends())) as served:
        yield served


@pytest.fixture(scope="module")
async def guarded(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[OwnSite]:
    """A server with a token in its settings."""
    installation = installed(tmp_path_factory.mktemp("guarded"), *backends(), http_token=SecretStr(TOKEN))
    async with site(installation) as served:
        yield served
