"""Drafts are drawn in the sketch's own font, whichever others a machine has; and packages that speak can be missing."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import pytest

from mediasmith_sketch.drawing import fonts


@pytest.fixture(scope="session", autouse=True)
def _no_fonts_of_this_machine() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fonts, "_FOLDERS", ())
        fonts.forget()
        yield
    fonts.forget()


@pytest.fixture
def without_hibari(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make hibari-tts look as if it were not installed."""
    monkeypatch.setitem(sys.modules, "hibari", None)


@pytest.fixture
def without_espeak(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make espeak-ng look as if it were not installed."""
    monkeypatch.setitem(sys.modules, "espeakng_loader", None)
