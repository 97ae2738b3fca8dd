"""What the tests of commands share."""

from __future__ import annotations

from pathlib import Path

import pytest

from fakes.commands import CommandLine


@pytest.fixture
def command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> CommandLine:
    """The command line, with one backend installed that makes an image at once."""
    return CommandLine(tmp_path, monkeypatch, capsys)
