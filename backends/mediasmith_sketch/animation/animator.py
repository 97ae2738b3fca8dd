"""Drawing a video, a few frames at a time."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from PIL import Image

from mediasmith_sketch.animation.camera import Camera
from mediasmith_sketch.animation.layers import Layer, layers, picture_layer
from mediasmith_sketch.animation.mp4 import RATE, Mp4Writer
from mediasmith_sketch.drawing.layout import lay_out
from mediasmith_sketch.drawing.renderer import overlay
from mediasmith_sketch.drawing.surface import Box
from mediasmith_sketch.scene import Scene

_BATCH_SECONDS = 0.25
"""How long a piece of the work takes, more or less."""


@dataclass(kw_only=True)
class Animation:
    """A video while it is drawn: `drawn` frames of `frames`, and at last the `film`, which is the finished file.

    If there is a `picture`, the camera moves over that, and the scene only lends its words and colours. Blocking.
    """

    scene: Scene
    camera: Camera
    picture: bytes = b""
    drawn: int = 0
    film: bytes = b""
    _steps: Iterator[bool] = field(init=False)

    def __post_init__(self) -> None:
        self.frames = round(self.camera.seconds * RATE)
        self._steps = self._work()

    def advance(self) -> None:
        """Do the next piece of the work: the scenery first, then some of the frames."""
        ends = time.monotonic() + _BATCH_SECONDS
        for pause in self._steps:
            if pause or time.monotonic() > ends:
                return

    def _work(self) -> Iterator[bool]:
        """Do all of the work in small steps; each says whether to pause after it."""
        left, top, width, tall = map(round, lay_out(self.scene).stage)
        area = (left, top, left + width, top + tall)
        scenery: list[Layer] = []
        whole = (width, tall)
        pictured = self.picture and [picture_layer(self.picture, whole, self.camera)]
        for layer in pictured or layers(self.scene, whole, self.camera):
            scenery.insert(0, layer)  # the nearest comes first, and is pasted last
            yield False
        yield True
        size = (self.scene.width, self.scene.height)
        film, frame = Mp4Writer(size, self.frames), Image.new("RGB", size)
        self._paste(scenery, frame, area)
        words = overlay(self.scene, frame)
        frame.paste(words, (0, 0), words)
        over = words.crop(area)  # the rest of them stays on the frame
        box = over.getbbox()
        over = over.crop(box)
        for _ in range(self.frames):
            self._paste(scenery, frame, area)
            if box:
                frame.paste(over, (left + box[0], top + box[1]), over)
            film.add(frame)
            self.drawn += 1
            yield False
        self.film = film.finish()

    def _paste(self, scenery: Sequence[Layer], frame: Image.Image, area: Box) -> None:
        """Paint the scenery as it is at the next frame."""
        progress = self.drawn / max(1, self.frames - 1)
        for layer in scenery:
            layer.paste(frame, area, self.camera.view(progress, layer.nearness), self.drawn / RATE)
