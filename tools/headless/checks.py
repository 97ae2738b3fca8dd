"""What must be true after a run: the tools that the model was offered, and the results that it received."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Any

from PIL import Image, ImageChops, ImageStat

from headless.client import Run
from headless.conversation import COLLECTED, EDITED, GENERATED, STARTED
from mediasmith.config.installation import Installation
from mediasmith.config.tool_schemas import ToolSchema

_UNCHANGED = ("type", "description", "enum", "items")
"""What must arrive of a property. One client removes bounds and defaults, so descriptions repeat them."""

_OF_ONE_RUN = re.compile(
    r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|\d{8}-\d{6}|\b[a-z2-7]{26}\b|-[a-z2-7]{8}\b|mediasmith-[\w-]{8}\b"
    r"|blob-\d{13}-[a-z0-9]+|\d+\.\d+ seconds"
)
"""Ids, times, and the names of temporary folders."""

_MAX_PREVIEW_SIDE = 512  # pixels

_MAX_DIFFERENCE = 8  # of 255, on average: two images of the same thing, one of them compressed, differ by less


class CheckFailed(Exception):
    """A check failed. The message says what was found."""


def tools_arrive(run: Run) -> str:
    """Check that the model is offered exactly the server's tools."""
    offered = ", ".join(sorted(run.request.tools)) or "none of the server's"
    _require(run.request.tools.keys() == _tools().keys(), f"offered: {offered}")
    return offered


def schemas_arrive(run: Run) -> str:
    """Check that descriptions, properties, types and enumerations are unchanged. Clients may add properties."""
    tools_arrive(run)
    count = 0
    added: set[str] = set()
    for name, sent in _tools().items():
        received = run.request.tools[name]
        _require(sent.description in received.description, f"the description of {name} is {received.description}")
        required = received.schema.get("required", [])
        _require(required == sent.parameters.get("required", []), f"{name} requires {required}")
        expected: Mapping[str, Mapping[str, Any]] = sent.parameters["properties"]
        properties: Mapping[str, Mapping[str, Any]] = received.schema.get("properties", {})
        for argument, schema in expected.items():
            _require(argument in properties, f"{name} lacks {argument}")
            changed = [key for key in _UNCHANGED if properties[argument].get(key) != schema.get(key)]
            _require(not changed, f"{name}.{argument} has another {', '.join(changed)}: {properties[argument]}")
        count += len(expected)
        added |= properties.keys() - expected.keys()
    return f"{count} properties unchanged" + (f"; added: {', '.join(sorted(added))}" if added else "")


def generates(run: Run) -> str:
    """Check that generate_media returns a file and its preview."""
    return _check_result(run, GENERATED)


def edits(run: Run) -> str:
    """Check that continue_edit with the continuation ID of the first result makes another file."""
    original, found = _check_result(run, GENERATED), _check_result(run, EDITED)
    _require(original.partition(";")[0] != found.partition(";")[0], f"the same file again: {found}")
    continuation_id, parent = _field(run, GENERATED, "continuation_id"), _field(run, EDITED, "parent")
    _require(continuation_id == parent, f"{found}, whose parent is {parent}, not {continuation_id}")
    return found


def starts(run: Run) -> str:
    """Check that a call that does not wait returns `running`, the ID of the job, and no image."""
    status, job_id = _field(run, STARTED, "status"), _field(run, STARTED, "job_id")
    result = run.request.results[STARTED]
    _require(status == "running" and bool(job_id) and not result.images, result.text)
    return f"running {job_id}"


def collects(run: Run) -> str:
    """Check that get_job with that ID returns the file and its preview."""
    collected, started = _field(run, COLLECTED, "job_id"), _field(run, STARTED, "job_id")
    _require(collected == started, f"job {collected}, not {started}: {run.request.results[COLLECTED].text}")
    return _check_result(run, COLLECTED)


def exits(run: Run) -> str:
    """Check that the client exits before the timeout, with exit code 0."""
    printed = f"; it printed: {run.output[-500:]}"
    _require(run.exit_code is not None, f"it did not exit{printed}")
    _require(run.exit_code == 0, f"exit code {run.exit_code}{printed}")
    return "exit code 0"


def stays_local(run: Run) -> str:
    """Check that the client asks for nothing but the model."""
    _require(not run.refused, f"asked for {', '.join(sorted(set(run.refused)))}")
    return "nothing else asked for"


def same_to_the_model(run: Run, plain: Run) -> str:
    """Check that the model is sent the same without the view, but for what differs between any two runs."""
    sent, sent_without = (list(map(_normalized, one.bodies)) for one in (run, plain))
    _require(sent == sent_without, f"{list(map(len, sent))} characters, {list(map(len, sent_without))} without it")
    return f"{sum(map(len, sent))} characters in {len(sent)} requests, as without it"


CHECKS: Mapping[str, Callable[[Run], str]] = {
    "tools": tools_arrive,
    "schemas": schemas_arrive,
    "generate_media": generates,
    "continue_edit": edits,
    "running": starts,
    "get_job": collects,
    "exit": exits,
    "traffic": stays_local,
}
"""Each returns a summary of what it found, or raises CheckFailed."""


def _normalized(body: str) -> str:
    request: dict[str, Any] = json.loads(body)
    for name in ("metadata", "client_metadata"):  # about the client, and not for the model
        request.pop(name, None)
    return _OF_ONE_RUN.sub("", json.dumps(request, sort_keys=True))


def _require(condition: bool, found: str) -> None:
    if not condition:
        raise CheckFailed(found)


@cache
def _tools() -> Mapping[str, ToolSchema]:
    return Installation.load(env={}).tools


def _field(run: Run, call: int, name: str) -> Any:
    _require(len(run.request.results) > call, f"only {len(run.request.results)} results")
    return run.request.results[call].fields.get(name)


def _check_result(run: Run, call: int) -> str:
    """Check that the file exists where the result says, and that the one image shows it."""
    status, files = _field(run, call, "status"), _field(run, call, "files")
    result = run.request.results[call]
    _require(status == "done" and bool(files), result.text)
    path = Path(files[0]["path"])
    _require(path.is_relative_to(run.project), f"the path {path}, not in {run.project}")
    _require(path.is_file() and path.stat().st_size == files[0]["bytes"], f"no such file: {files[0]}")
    _require(len(result.images) == 1, f"{len(result.images)} images of {path}")
    return f"{path}; {_check_preview(result.images[0], path)}"


def _check_preview(data: bytes, path: Path) -> str:
    try:
        preview = Image.open(BytesIO(data))
        preview.load()
    except OSError as error:
        raise CheckFailed(f"an unreadable preview of {path}: {error}") from error
    found = f"{preview.format} {preview.width}x{preview.height}, {len(data) // 1000} kB"
    _require(max(preview.size) <= _MAX_PREVIEW_SIDE, f"a large preview of {path}: {found}")
    with Image.open(path) as original:
        difference = _mean_difference(preview, original)
    _require(
        difference < _MAX_DIFFERENCE, f"a preview of something else than {path}: {found}, differs by {difference:.0f}"
    )
    return found


def _mean_difference(one: Image.Image, other: Image.Image) -> float:
    """Return by how much the brightness of two images differs on average, from 0 to 255."""
    thumbnails = [image.convert("L") for image in (one, other)]
    for thumbnail in thumbnails:
        thumbnail.thumbnail((32, 32))
    return ImageStat.Stat(ImageChops.difference(*thumbnails)).mean[0]
