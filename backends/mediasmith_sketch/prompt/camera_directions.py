"""What a prompt says about the camera, and the prompt without it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from mediasmith_sketch.animation.camera import Motion
from mediasmith_sketch.prompt.vocabulary import same_for

_PACES: Mapping[str, float] = {
    **same_for("slow slowly slower gentle gently calm calmly subtle", 0.55),
    **same_for("fast faster quick quickly rapid rapidly dramatic", 1.5),
}

_WAYS: Mapping[str, tuple[float, float, float]] = {
    **same_for("left leftwards", (-1, 0, 0)),
    **same_for("right rightwards", (1, 0, 0)),
    **same_for("up upwards top", (0, -1, 0)),
    **same_for("down downwards bottom", (0, 1, 0)),
    **same_for("in inwards forward forwards closer nearer", (0, 0, 1)),
    **same_for("out outwards back backwards away", (0, 0, -1)),
}
"""Right, down and nearer, by the word for it."""

_HOW = rf"(?:very|smooth|smoothly|steady|steadily|{'|'.join(_PACES)})\b"
_VERBS = (
    r"pan(?:s|ning)?|tilt(?:s|ing)?|zoom(?:s|ing)?|doll(?:y|ies|ying)|push(?:es|ing)?|pull(?:s|ing)?|"
    r"track(?:s|ing)?|mov(?:e|es|ing)|glid(?:e|es|ing)|drift(?:s|ing)?"
)
_MOVE = re.compile(
    rf"(?P<lead>(?:(?:the|an?|camera|{_HOW})\s+)*)(?P<verb>{_VERBS})[\s-]+"
    rf"(?:from\s+(?:the\s+)?\w+\s+)?(?:(?:shot|to|towards|the|{_HOW})\s+)*(?P<way>{'|'.join(_WAYS)})\b"
    rf"(?:\s+(?:shot|{_HOW}))*(?:\s+(?:on|onto|over|across|along|around|through|past|towards?|of)\b)?\s*",
    re.IGNORECASE,
)
_STILL = re.compile(
    r"(?:(?:an?|the)\s+)?(?:(?:static|still|fixed|locked(?:[\s-](?:off|down))?)\s+(?:camera|shot)|"
    r"no\s+camera\s+mov(?:es?|ements?)|without\s+camera\s+mov(?:es?|ements?))\s*",
    re.IGNORECASE,
)
_PACE = re.compile(r"(?:(?:make|it|go|move|the|an?|bit|little|much|camera)\s+)*(?:slower|faster|camera)", re.IGNORECASE)
_BREAK = re.compile(r"(\s*[,.;:()\u2013\u2014]+\s*|\s+(?:and|then|while|with|as)\s+)", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class CameraDirections:
    """What is said about the camera. None and an empty `moves` are for what is not said; `rest` is the other words.

    `moves` are ways to go: right, down and nearer. `still` keeps the camera where it is.
    """

    moves: tuple[tuple[float, float, float], ...] = ()
    pace: float | None = None
    still: bool = False
    rest: str

    def over(self, motion: Motion) -> Motion:
        """Return the motion with what is said changed."""
        update: dict[str, object] = {"pace": self.pace} if self.pace else {}
        if self.still or self.moves:
            right, down, nearer = (max(-1.0, min(1.0, sum(ways))) for ways in zip((0, 0, 0), *self.moves, strict=True))
            update |= {"pan": (right, down), "zoom": nearer}
        return motion.model_copy(update=update)


def camera_directions(text: str, *, edit: bool = False) -> CameraDirections:
    """Return what a text says about the camera. Unless it is an edit, any word about pace is about the camera."""
    moves: list[tuple[float, float, float]] = []
    still, paces, rest = False, list[float](), ""
    for gap, clause in _clauses(text):
        move = _MOVE.match(clause)
        move = move if move and _is_of_the_camera(move) else None
        said = move or _STILL.match(clause) or _PACE.fullmatch(clause)
        if said is None:
            rest += gap + clause
            continue
        moves += [_WAYS[move["way"].lower()]] if move else []
        still = still or said.re is _STILL
        paces += _paces_in(said[0])
        if left := clause[said.end() :]:
            rest += (gap if rest else "") + left
    paces += () if edit else _paces_in(text)
    spoken = rest if any(map(str.isalnum, rest)) else ""
    return CameraDirections(moves=tuple(moves), pace=next(iter(paces), None), still=still, rest=spoken)


def _paces_in(text: str) -> list[float]:
    """Return how fast things go by the words for it, in their order."""
    return [_PACES[word] for word in re.findall(r"\w+", text.lower()) if word in _PACES]


def _clauses(text: str) -> Iterator[tuple[str, str]]:
    """Yield the clauses of a text, each with what stands between it and the one before."""
    pieces = _BREAK.split(text)
    yield "", pieces[0]
    yield from zip(pieces[1::2], pieces[2::2], strict=True)


def _is_of_the_camera(move: re.Match[str]) -> bool:
    """Return whether a move is the camera's. A pan or a zoom always is; things may move, drift and push too."""
    verb, nearer = move["verb"].lower(), _WAYS[move["way"].lower()][2]
    return (
        "camera" in move["lead"].lower()
        or verb.startswith(("pan", "tilt", "zoom", "doll"))
        or (verb.startswith(("push", "pull")) and bool(nearer))
    )
