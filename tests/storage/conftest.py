"""Fixtures of the storage tests."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A library's file, in a folder that does not exist yet."""
    return tmp_path / "data" / "library.db"
