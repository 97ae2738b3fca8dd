"""What the model does with our tools, and what it has to have seen of them in the end."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Any

from PIL import Image, ImageChops, ImageStat

from driving.client import Run
from driving.shown import Answer, Call
from mediasmith.config.installation import Installation
from mediasmith.config.tool_schemas import ToolSchema

_MADE, _EDITED, _ASKED, _COLLECTED = range(4)
"""The script's calls, and so the answers."""

_KEPT = ("type", "description", "enum", "items")
"""What must not change in a property. One client takes bounds and defaults away, so descriptions repeat them."""

_PREVIEW = 512
"""Pixels of a preview's longer side, at most."""

_ALIKE = 8
"""Of 255: two pictures of the same thing, one of them compressed, differ by less."""


class Failed(Exception):
    """A check did not hold. The text is what was seen instead."""


def script(answers: Sequence[Answer]) -> Call | None:
    """Make a picture, change it, have another one made without waiting, and collect that."""
    match len(answers):
        case 0:
            return Call(tool="generate_media", arguments={"prompt": "a red kite over a hill", "backend": "sketch"})
        case 1:
            origin = answers[_MADE].said.get("continuation_id", "")
            return Call(tool="continue_edit", arguments={"continuation_id": origin, "prompt": "at night"})
        case 2:
            wanted = {"prompt": "a barn in the snow", "backend": "sketch", "wait_seconds": 0}
            return Call(tool="generate_media", arguments=wanted)
        case 3:
            job = answers[_ASKED].said.get("job_id", "")
            return Call(tool="get_job", arguments={"job_id": job, "wait_seconds": 30})
        case _:
            return None


def tools_arrive(run: Run) -> str:
    """The model is offered our tools, and no others of ours."""
    offered = ", ".join(sorted(run.shown.tools)) or "none of ours"
    _hold(run.shown.tools.keys() == _tools().keys(), f"offered: {offered}")
    return offered


def schemas_arrive(run: Run) -> str:
    """Every description, property, type and enumeration arrives as it was written. A client may add properties."""
    tools_arrive(run)
    count = 0
    added: set[str] = set()
    for name, ours in _tools().items():
        theirs = run.shown.tools[name]
        _hold(ours.description in theirs.description, f"{name} is described so: {theirs.description}")
        required = theirs.schema.get("required", [])
        _hold(required == ours.parameters.get("required", []), f"{name} requires {required}")
        written: Mapping[str, Mapping[str, Any]] = ours.parameters["properties"]
        properties: Mapping[str, Mapping[str, Any]] = theirs.schema.get("properties", {})
        for word, schema in written.items():
            _hold(word in properties, f"{name} has lost {word}")
            changed = [key for key in _KEPT if properties[word].get(key) != schema.get(key)]
            _hold(not changed, f"{name}.{word} has another {', '.join(changed)}: {properties[word]}")
        count += len(written)
        added |= properties.keys() - written.keys()
    return f"{count} properties as written" + (f"; added: {', '.join(sorted(added))}" if added else "")


def made(run: Run) -> str:
    """generate_media answers with a file and its picture."""
    return _result(run, _MADE)


def edited(run: Run) -> str:
    """continue_edit with the id from the first answer makes another file."""
    seen = _result(run, _EDITED)
    _hold(seen.partition(";")[0] != _result(run, _MADE).partition(";")[0], f"the same file again: {seen}")
    origin, parent = _said(run, _MADE, "continuation_id"), _said(run, _EDITED, "parent")
    _hold(origin == parent, f"{seen} of {parent}, not of {origin}")
    return seen


def runs_on(run: Run) -> str:
    """A call that does not wait answers `running`, with the job's id and without a picture."""
    status, job = _said(run, _ASKED, "status"), _said(run, _ASKED, "job_id")
    answer = run.shown.answers[_ASKED]
    _hold(status == "running" and bool(job) and not answer.pictures, answer.text)
    return f"running {job}"


def collected(run: Run) -> str:
    """get_job with that id brings the file and its picture."""
    job, asked = _said(run, _COLLECTED, "job_id"), _said(run, _ASKED, "job_id")
    _hold(job == asked, f"job {job}, not {asked}: {run.shown.answers[_COLLECTED].text}")
    return _result(run, _COLLECTED)


def ends_well(run: Run) -> str:
    """The client ends by itself, in time, with exit code 0."""
    said = f"; it printed: {run.output[-500:]}"
    _hold(run.code is not None, f"it did not end{said}")
    _hold(run.code == 0, f"exit code {run.code}{said}")
    return "exit code 0"


def stays_home(run: Run) -> str:
    """The client asks for nothing but the model."""
    _hold(not run.strangers, f"asked for {', '.join(sorted(set(run.strangers)))}")
    return "nothing else asked for"


CHECKS: Mapping[str, Callable[[Run], str]] = {
    "tools": tools_arrive,
    "schemas": schemas_arrive,
    "generate_media": made,
    "continue_edit": edited,
    "running": runs_on,
    "get_job": collected,
    "end": ends_well,
    "traffic": stays_home,
}
"""Each answers with what the model saw, in short, or raises Failed."""


def _hold(truth: bool, seen: str) -> None:
    if not truth:
        raise Failed(seen)


@cache
def _tools() -> Mapping[str, ToolSchema]:
    return Installation.load(env={}).tools


def _said(run: Run, number: int, field: str) -> Any:
    _hold(len(run.shown.answers) > number, f"only {len(run.shown.answers)} answers")
    return run.shown.answers[number].said.get(field)


def _result(run: Run, number: int) -> str:
    """A file that is where the answer says, and the one picture of it: small, and like the file."""
    status, files = _said(run, number, "status"), _said(run, number, "files")
    answer = run.shown.answers[number]
    _hold(status == "done" and bool(files), answer.text)
    path = Path(files[0]["path"])
    _hold(path.is_relative_to(run.project), f"the path {path}, not in {run.project}")
    _hold(path.is_file() and path.stat().st_size == files[0]["bytes"], f"no such file: {files[0]}")
    _hold(len(answer.pictures) == 1, f"{len(answer.pictures)} pictures of {path}")
    return f"{path}; {_picture(answer.pictures[0], path)}"


def _picture(data: bytes, path: Path) -> str:
    try:
        shown = Image.open(BytesIO(data))
        shown.load()
    except OSError as error:
        raise Failed(f"a picture of {path} that cannot be read: {error}") from error
    seen = f"{shown.format} {shown.width}x{shown.height}, {len(data) // 1000} kB"
    _hold(max(shown.size) <= _PREVIEW, f"a large picture of {path}: {seen}")
    with Image.open(path) as file:
        apart = _difference(shown, file)
    _hold(apart < _ALIKE, f"another picture than {path}: {seen}, {apart:.0f} of 255 apart")
    return seen


def _difference(one: Image.Image, other: Image.Image) -> float:
    small = [picture.convert("L") for picture in (one, other)]
    for picture in small:
        picture.thumbnail((32, 32))
    return ImageStat.Stat(ImageChops.difference(*small)).mean[0]
