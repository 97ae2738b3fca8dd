"""Fixtures of the storage tests."""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import Any

import anyio
import pytest

from fakes.downloads import MEDIA
from fakes.tls import certificate
from mediasmith.config.allowed_folders import AllowedFolders


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A library's file, in a folder that does not exist yet."""
    return tmp_path / "data" / "library.db"


@pytest.fixture
def connected(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The addresses connected to. All lead to loopback, except 9.9.9.9, which refuses."""
    addresses: list[str] = []
    real = anyio.connect_tcp

    async def connect(remote_host: str, remote_port: int, **rest: Any) -> Any:
        addresses.append(remote_host)
        if remote_host == "9.9.9.9":
            raise OSError
        return await real("127.0.0.1", remote_port)

    monkeypatch.setattr(anyio, "connect_tcp", connect)
    return addresses


@pytest.fixture(scope="module")
def secured(tmp_path_factory: pytest.TempPathFactory) -> ssl.SSLContext:
    """The TLS of a server for MEDIA."""
    return certificate(MEDIA).serve(tmp_path_factory.mktemp("server"))


@pytest.fixture
def accepted(tmp_path: Path) -> dict[str, str]:
    """The environment in which that server's certificate is accepted."""
    (tmp_path / "ca.pem").write_bytes(certificate(MEDIA).pem)
    return {"SSL_CERT_FILE": str(tmp_path / "ca.pem")}


@pytest.fixture
def roots(tmp_path: Path) -> AllowedFolders:
    """The allowed folders of a project whose media folder does not exist yet."""
    project = tmp_path.resolve() / "project"
    return AllowedFolders(output=project / "media", allowed=(project / "media", project), base=project)
