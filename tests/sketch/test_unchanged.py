"""Pictures look as they did: thumbnails of one picture of every kind of scenery, in `unchanged.txt`.

To accept a change that you have looked at, run this module: `python -m sketch.test_unchanged`, in the folder tests.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from mediasmith_sketch.drawing.renderer import render
from sketch.pictures import scene

FILE = Path(__file__).with_name("unchanged.txt")
TOLERANCE = 3
"""Levels by which a colour of a thumbnail may differ, as libraries round differently."""


def stored() -> Mapping[str, bytes]:
    """Return the RGB bytes of each thumbnail by prompt."""
    lines = (line.split("\t") for line in FILE.read_text(encoding="utf-8").splitlines())
    return {prompt: bytes.fromhex(colours) for prompt, colours in lines}


def thumbnail(prompt: str) -> bytes:
    style = "poster" if "poster" in prompt else "geometric" if "geometric" in prompt else None
    picture = render(scene(prompt, (180, 120), caption=False, style=style)).convert("RGB")
    return picture.reduce(15).tobytes()


@pytest.mark.parametrize("prompt", stored())
def test_a_picture_looks_as_it_did(prompt: str) -> None:
    before, now = stored()[prompt], thumbnail(prompt)
    assert max(abs(one - other) for one, other in zip(before, now, strict=True)) <= TOLERANCE


if __name__ == "__main__":
    FILE.write_text("".join(f"{prompt}\t{thumbnail(prompt).hex()}\n" for prompt in stored()), encoding="utf-8")
