"""How the camera moves if the prompt does not say."""

from __future__ import annotations

from mediasmith_sketch.animation.camera import NEARER, ROOM, Motion
from mediasmith_sketch.drawing.figure import reach
from mediasmith_sketch.drawing.figures import FIGURES
from mediasmith_sketch.drawing.layout import shape_of
from mediasmith_sketch.random_seed import seeded
from mediasmith_sketch.scene import Scene

_CLOSEST = (1 - ROOM) * (1 - NEARER)
"""The share that is in view when a usual motion is nearest."""

_HORIZON = 0.55
"""About where the land begins, which is what one looks at."""

_HEADROOM = 0.04
"""What should stay free above and beside figures."""


def default_motion(scene: Scene) -> Motion:
    """Return a motion past a scene, nearer to what it is about or back from it."""
    roll = seeded("motion", scene.seed)
    focus = _focus(scene)
    side = -1 if focus[0] < 0.5 else 1  # noqa: PLR2004 - the middle
    if scene.plan in {"still", "portrait", "abstract"}:
        return Motion(pan=(roll.choice((-0.5, 0.5)), 0), zoom=roll.choice((1, 0.8, -1)), focus=focus)
    if scene.height > scene.width and roll.random() < 0.4:  # noqa: PLR2004 - some tall pictures are looked up
        return Motion(pan=(0, -1), zoom=0.4, focus=focus)
    return Motion(pan=(side * roll.choice((1, 0.8, 0.6)), 0), zoom=roll.choice((1, 0.7, 0.4, -0.8)), focus=focus)


def motion_over_picture(motion: Motion) -> Motion:
    """Return the motion over a picture that is all in view at the start, so that it can only come nearer."""
    if not motion.zoom and not any(motion.pan):
        return motion
    x, y = (0.5 + 0.5 * step if step else focus for step, focus in zip(motion.pan, motion.focus, strict=True))
    return Motion(zoom=1, focus=(x, y), pace=motion.pace)


def _focus(scene: Scene) -> tuple[float, float]:
    """Return what to come nearer to so that the figures stay in view: all of them, else the first."""
    span, tall = shape_of((scene.width, scene.height), scene.band, beside=scene.beside)
    boxes: list[tuple[float, float, float, float]] = []
    for element in scene.elements:
        if element.kind in FIGURES:
            left, up, right = (share * element.size for share in reach(FIGURES[element.kind]))
            boxes.append((element.x - left / span, element.y - up / tall, element.x + right / span, element.y))
    if not boxes:
        return 0.5, 0.42
    lefts, tops, rights, bottoms = zip(*boxes, strict=True)
    if max(rights) - min(lefts) > _CLOSEST:
        lefts, rights = lefts[:1], rights[:1]
    left, right = min(lefts), max(rights)
    return _towards((left + right) / 2, left, right), _towards(_HORIZON, min(tops), max(bottoms))


def _towards(wanted: float, low: float, high: float) -> float:
    """Return the focus nearest to the one wanted from which the closest view holds all from `low` to `high`."""
    least, most = (high - _CLOSEST) / (1 - _CLOSEST), (low - _HEADROOM) / (1 - _CLOSEST)
    return min(1.0, max(0.0, min(most, max(least, wanted))))
