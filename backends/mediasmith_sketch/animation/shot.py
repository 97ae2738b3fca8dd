"""What a video is drawn from, as JSON: the state that an edit continues from, and the handle of one being drawn."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from mediasmith_sketch.animation.camera import Motion
from mediasmith_sketch.scene import Scene

SHORTEST, LONGEST = 0.5, 30.0
"""The limits of a video in seconds."""


class Shot(BaseModel):
    """A scene, and how the camera moves through it."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)

    version: Literal[1]
    scene: Scene
    motion: Motion


class RenderRequest(Shot):
    """A shot to be drawn. `id` tells it from others; `picture` is a JPEG, in base64, that the camera moves over."""

    id: Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]
    seconds: float = Field(ge=SHORTEST, le=LONGEST)
    picture: str = ""
