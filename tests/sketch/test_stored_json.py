"""Handles and states read the JSON that earlier versions stored."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from pydantic import BaseModel, ValidationError

from mediasmith.plugin.contract import JSON
from mediasmith_sketch.animation.shot import RenderRequest, Shot
from mediasmith_sketch.image import image
from mediasmith_sketch.scene import Scene
from mediasmith_sketch.speech import SpeechState, speech
from mediasmith_sketch.video import video

PALETTE: Mapping[str, JSON] = {
    "sky": "#cfe9ea",
    "low": "#f6f1df",
    "disc": "#ffc857",
    "far": "#8fc3c7",
    "mid": "#3f97a3",
    "near": "#14596b",
    "water": "#1f7a8c",
    "accent": "#ef6f53",
    "light": "#fdf8ec",
    "dark": "#0e2a38",
    "band": "#faf4e8",
}
SCENE: Mapping[str, JSON] = {
    "version": 1,
    "width": 96,
    "height": 64,
    "prompts": ["a hut"],
    "seed": 3375974568,
    "asked": {"cutout": False},
    "grain": 434310971,
    "plan": "outdoors",
    "palette": PALETTE,
    "elements": [
        {"kind": "sun", "x": 0.622115790209978, "y": 0.2265, "size": 0.1184, "z": 3.0, "seed": 257039167},
        {"kind": "hills", "y": 0.94, "size": 0.1045, "z": 50.0, "seed": 905087899, "flip": True, "main": "near"},
        {"kind": "house", "x": 0.3053, "y": 0.903, "size": 0.3371, "z": 48.8315, "seed": 1065703474, "stands": True},
    ],
    "caption": "A hut",
}
SHOT: Mapping[str, JSON] = {
    "version": 1,
    "scene": SCENE,
    "motion": {"pan": [-0.8, 0.0], "zoom": 1.0, "focus": [0.3053, 0.55]},
}
RENDER_REQUEST: Mapping[str, JSON] = {**SHOT, "id": "eac0ed64cab640cca969085061987a2d", "seconds": 0.5}

STORED: list[tuple[type[BaseModel], Mapping[str, JSON]]] = [
    (Scene, SCENE),
    (Shot, SHOT),
    (RenderRequest, RENDER_REQUEST),
    (SpeechState, {"language": "de"}),
]


@pytest.mark.parametrize(("model", "stored"), STORED, ids=lambda given: getattr(given, "__name__", ""))
def test_what_was_stored_is_read_unchanged(model: type[BaseModel], stored: Mapping[str, JSON]) -> None:
    assert model.model_validate(stored).model_dump(mode="json", exclude_defaults=True) == stored


def test_every_handle_and_state_has_a_sample() -> None:
    declared = {image.state, video.state, video.handle, speech.state}
    assert {model for model, _ in STORED} == declared


@pytest.mark.parametrize("change", [{"version": 2}, {"palette": {}}, {"width": 10}, {"more": 1}])
def test_a_scene_of_another_version_is_not_read(change: Mapping[str, JSON]) -> None:
    with pytest.raises(ValidationError):
        Scene.model_validate({**SCENE, **change})
