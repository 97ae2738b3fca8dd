"""The checks that real clients must pass: a good run passes them, and each defect is noticed by the right one."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from headless.checks import CHECKS, CheckFailed, same_to_the_model
from headless.client import Run
from headless.conversation import COLLECTED, EDITED, GENERATED, STARTED
from headless.model_api import ModelRequest, OfferedTool, ToolResult
from mediasmith.config.installation import Installation

pytestmark = pytest.mark.npm


def image(side: int = 900, *, light: int = 255, form: str = "JPEG") -> bytes:
    """Encode an image that is dark on the left and light on the right."""
    picture = Image.new("L", (side, side))
    picture.paste(light, (side // 2, 0, side, side))
    body = BytesIO()
    picture.save(body, form)
    return body.getvalue()


def result(path: Path, **fields: object) -> ToolResult:
    """Write a file and return its result with a preview, in a client's wrapping."""
    path.write_bytes(image(form="PNG"))
    file = {"path": str(path), "bytes": path.stat().st_size}
    content = {"status": "done", "job_id": f"job of {path.stem}", "files": [file], **fields}
    text = json.dumps(content, separators=(",", ":"))
    return ToolResult(text=f"<result>\n{text}\n</result>", images=(image(512),))


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """A run without a defect."""
    tools = Installation.load(env={}).tools.values()
    offered = {
        tool.name: OfferedTool(address={}, description=tool.description, schema=tool.parameters) for tool in tools
    }
    results = (
        result(tmp_path / "kite.png", continuation_id="kite"),
        result(tmp_path / "night.png", parent="kite"),
        ToolResult(text='{"status":"running","job_id":"job of barn"}'),
        result(tmp_path / "barn.png"),
    )
    request = ModelRequest(tools=offered, results=results)
    return Run(project=tmp_path, request=request, refused=(), exit_code=0, output="")


def failed_checks(run: Run) -> set[str]:
    names: set[str] = set()
    for name, check in CHECKS.items():
        try:
            check(run)
        except CheckFailed:
            names.add(name)
    return names


def with_result(run: Run, call: int, result: ToolResult) -> Run:
    results = list(run.request.results)
    results[call] = result
    return replace(run, request=replace(run.request, results=results))


def with_images(run: Run, *images: bytes) -> Run:
    """Replace the images of the first result."""
    return with_result(run, GENERATED, replace(run.request.results[GENERATED], images=images))


def with_tools(run: Run, tools: Mapping[str, OfferedTool]) -> Run:
    return replace(run, request=replace(run.request, tools=tools))


def without_get_job(run: Run) -> Run:
    return with_tools(run, {name: tool for name, tool in run.request.tools.items() if name != "get_job"})


def with_schema(run: Run, change: Callable[[dict[str, Any]], object]) -> Run:
    """Change the schema of generate_media."""
    tool = run.request.tools["generate_media"]
    schema = json.loads(json.dumps(tool.schema))
    change(schema)
    return with_tools(run, {**run.request.tools, "generate_media": replace(tool, schema=schema)})


def without_file(run: Run) -> Run:
    (run.project / "kite.png").unlink()
    return run


def with_relative_path(run: Run) -> Run:
    collected = run.request.results[COLLECTED]
    return with_result(run, COLLECTED, replace(collected, text=collected.text.replace(f"{run.project}/", "")))


GENERATING = {"generate_media", "continue_edit"}

DEFECTS: Mapping[str, tuple[Callable[[Run], Run], set[str]]] = {
    "a tool is not offered": (without_get_job, {"tools", "schemas"}),
    "a property is lost": (lambda run: with_schema(run, lambda it: it["properties"].pop("prompt")), {"schemas"}),
    "a description is lost": (
        lambda run: with_schema(run, lambda it: it["properties"]["prompt"].pop("description")),
        {"schemas"},
    ),
    "more is required": (lambda run: with_schema(run, lambda it: it.update(required=["seed"])), {"schemas"}),
    "the text is lost": (
        lambda run: with_result(run, GENERATED, replace(run.request.results[GENERATED], text="")),
        GENERATING,
    ),
    "the file does not exist": (without_file, GENERATING),
    "the path is relative": (with_relative_path, {"get_job"}),
    "there is no preview": (with_images, GENERATING),
    "the preview is truncated": (lambda run: with_images(run, image()[:300]), GENERATING),
    "the preview is large": (lambda run: with_images(run, image()), GENERATING),
    "the preview shows something else": (lambda run: with_images(run, image(512, light=200)), GENERATING),
    "the edit is of another file": (
        lambda run: with_result(run, EDITED, result(run.project / "night.png", parent="barn")),
        {"continue_edit"},
    ),
    "the edit is the same file": (
        lambda run: with_result(run, EDITED, result(run.project / "kite.png", parent="kite")),
        {"continue_edit"},
    ),
    "the call waited": (lambda run: with_result(run, STARTED, result(run.project / "barn.png")), {"running"}),
    "another job is collected": (
        lambda run: with_result(run, COLLECTED, result(run.project / "other.png")),
        {"get_job"},
    ),
    "there are no results": (
        lambda run: replace(run, request=replace(run.request, results=())),
        {*GENERATING, "running", "get_job"},
    ),
    "the client fails": (lambda run: replace(run, exit_code=1), {"exit"}),
    "the client does not exit": (lambda run: replace(run, exit_code=None), {"exit"}),
    "the client contacts another host": (lambda run: replace(run, refused=["example.com:443"]), {"traffic"}),
}


def test_a_good_run_passes_every_check(run: Run) -> None:
    assert failed_checks(run) == set()


@pytest.mark.parametrize("defect", DEFECTS)
def test_a_defect_fails_the_checks_that_are_about_it(run: Run, defect: str) -> None:
    change, expected = DEFECTS[defect]
    assert failed_checks(change(run)) == expected


def test_what_the_model_is_sent_is_compared_without_ids_and_times(run: Run) -> None:
    def sent(text: str, at: str = "20270115-080000") -> Run:
        return replace(run, bodies=(json.dumps({"text": f"{text} {at}-fox-abcdefgh.png", "metadata": at}),))

    assert "in 1 requests" in same_to_the_model(sent("a fox"), sent("a fox", "20270115-080001"))
    with pytest.raises(CheckFailed, match="without it"):
        same_to_the_model(sent("a fox"), sent("a fox, and more"))
