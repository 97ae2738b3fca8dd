"""Drafts are drawn in the sketch's own font: which others a machine has must not matter."""

from __future__ import annotations

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
