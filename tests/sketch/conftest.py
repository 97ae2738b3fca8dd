"""What the tests of the sketch share. Which fonts a machine has must not matter; packages that speak can be missing."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import pytest

from mediasmith_sketch.drawing import fonts
from sketch.videos import RenderedVideo, make


@pytest.fixture(scope="session", autouse=True)
def _no_fonts_of_this_machine() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fonts, "_FOLDERS", ())
        fonts.forget()
        yield
    fonts.forget()


@pytest.fixture(scope="module")
async def lighthouse() -> RenderedVideo:
    """A video that many tests look at: of a second, for words to be read."""
    return await make(size="320x180", duration=1)


@pytest.fixture
def without_hibari(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make hibari-tts look as if it were not installed."""
    monkeypatch.setitem(sys.modules, "hibari", None)


@pytest.fixture
def without_espeak(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make espeak-ng look as if it were not installed."""
    monkeypatch.setitem(sys.modules, "espeakng_loader", None)
