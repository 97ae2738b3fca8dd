"""The tools that drive real clients and the conformance suite: what they let pass, and what not."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from http.client import HTTPConnection
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from driving.client import Run
from driving.messages import MESSAGES
from driving.model import StubModel
from driving.shown import Answer, Shown, Tool
from driving.talk import CHECKS, Failed, script
from mediasmith.config.installation import Installation

EXPECTED = sorted(Path(__file__).parent.glob("conformance/*.yml"))


def drawn(side: int = 900, *, light: int = 255, kind: str = "JPEG") -> bytes:
    """A picture that is dark on the left and light on the right."""
    picture = Image.new("L", (side, side))
    picture.paste(light, (side // 2, 0, side, side))
    body = BytesIO()
    picture.save(body, kind)
    return body.getvalue()


def result(path: Path, **fields: object) -> Answer:
    """An answer with one file and its picture, in a client's wrapping."""
    path.write_bytes(drawn(kind="PNG"))
    file = {"path": str(path), "bytes": path.stat().st_size}
    said = {"status": "done", "job_id": f"job of {path.stem}", "files": [file], **fields}
    text = json.dumps(said, separators=(",", ":"))
    return Answer(text=f"<told>\n{text}\n</told>", pictures=(drawn(512),))


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """A run in which everything is as it should be."""
    tools = Installation.load(env={}).tools.values()
    return Run(
        project=tmp_path,
        shown=Shown(
            tools={tool.name: Tool(address={}, description=tool.description, schema=tool.parameters) for tool in tools},
            answers=(
                result(tmp_path / "kite.png", continuation_id="kite"),
                result(tmp_path / "night.png", parent="kite"),
                Answer(text='{"status":"running","job_id":"job of barn"}'),
                result(tmp_path / "barn.png"),
            ),
        ),
        strangers=(),
        code=0,
        output="",
    )


def failed(run: Run) -> set[str]:
    """The checks that do not hold."""
    names: set[str] = set()
    for name, check in CHECKS.items():
        try:
            check(run)
        except Failed:
            names.add(name)
    return names


def answering(run: Run, number: int, answer: Answer) -> Run:
    """The run with another answer to one of its calls."""
    answers = list(run.shown.answers)
    answers[number] = answer
    return replace(run, shown=replace(run.shown, answers=answers))


def first(run: Run, *pictures: bytes) -> Run:
    """The run with other pictures in its first answer."""
    return answering(run, 0, replace(run.shown.answers[0], pictures=pictures))


def offering(run: Run, tools: Mapping[str, Tool]) -> Run:
    """The run with other tools."""
    return replace(run, shown=replace(run.shown, tools=tools))


def without_tool(run: Run) -> Run:
    return offering(run, {name: tool for name, tool in run.shown.tools.items() if name != "get_job"})


def with_schema(run: Run, change: Callable[[dict[str, Any]], object]) -> Run:
    tool = run.shown.tools["generate_media"]
    schema = json.loads(json.dumps(tool.schema))
    change(schema)
    return offering(run, {**run.shown.tools, "generate_media": replace(tool, schema=schema)})


def without_files(run: Run) -> Run:
    (run.project / "kite.png").unlink()
    return run


def with_relative_path(run: Run) -> Run:
    answer = run.shown.answers[3]
    return answering(run, 3, replace(answer, text=answer.text.replace(f"{run.project}/", "")))


MADE = {"generate_media", "continue_edit"}

WRONG: Mapping[str, tuple[Callable[[Run], Run], set[str]]] = {
    "a tool is not offered": (without_tool, {"tools", "schemas"}),
    "a property is lost": (lambda run: with_schema(run, lambda it: it["properties"].pop("prompt")), {"schemas"}),
    "a description is lost": (
        lambda run: with_schema(run, lambda it: it["properties"]["prompt"].pop("description")),
        {"schemas"},
    ),
    "more is required": (lambda run: with_schema(run, lambda it: it.update(required=["seed"])), {"schemas"}),
    "the text is lost": (lambda run: answering(run, 0, replace(run.shown.answers[0], text="")), MADE),
    "the file is not there": (without_files, MADE),
    "the path is not absolute": (with_relative_path, {"get_job"}),
    "there is no picture": (first, MADE),
    "the picture is broken": (lambda run: first(run, drawn()[:300]), MADE),
    "the picture is large": (lambda run: first(run, drawn()), MADE),
    "it is another picture": (lambda run: first(run, drawn(512, light=200)), MADE),
    "the edit is of something else": (
        lambda run: answering(run, 1, result(run.project / "night.png", parent="barn")),
        {"continue_edit"},
    ),
    "the edit is the same file": (
        lambda run: answering(run, 1, result(run.project / "kite.png", parent="kite")),
        {"continue_edit"},
    ),
    "it was waited for": (lambda run: answering(run, 2, result(run.project / "barn.png")), {"running"}),
    "another job is collected": (lambda run: answering(run, 3, result(run.project / "other.png")), {"get_job"}),
    "nothing is answered": (
        lambda run: replace(run, shown=replace(run.shown, answers=())),
        {*MADE, "running", "get_job"},
    ),
    "the client fails": (lambda run: replace(run, code=1), {"end"}),
    "the client does not end": (lambda run: replace(run, code=None), {"end"}),
    "the client talks to others": (lambda run: replace(run, strangers=["example.com:443"]), {"traffic"}),
}


def test_a_run_in_which_all_is_well_passes(run: Run) -> None:
    assert failed(run) == set()


@pytest.mark.parametrize("what", WRONG)
def test_what_the_model_does_not_get_to_see_is_noticed(run: Run, what: str) -> None:
    change, noticed = WRONG[what]
    assert failed(change(run)) == noticed


def test_the_stub_model_calls_our_tools_and_lets_nothing_else_through() -> None:
    model = StubModel(MESSAGES, "ours_", script)
    tool: Any = {"name": "ours_generate_media", "description": "", "input_schema": {}}
    with model.serving() as url:
        connection = HTTPConnection(url.removeprefix("http://"), timeout=10)
        connection.request("POST", "/v1/messages?beta=true", json.dumps({"messages": [], "tools": [tool]}))
        turn = connection.getresponse().read().decode()
        connection.request("CONNECT", "example.com:443")
        refusal = connection.getresponse()
        refusal.read()
        connection.close()
    assert '"name": "ours_generate_media"' in turn
    assert "a red kite" in turn
    assert refusal.status == 403
    assert model.strangers == ["example.com:443"]
    assert list(model.shown.tools) == ["generate_media"]


@pytest.mark.parametrize("file", EXPECTED, ids=lambda file: file.stem)
def test_every_check_that_is_expected_to_fail_has_its_reason(file: Path) -> None:
    entries = [line for line in file.read_text(encoding="utf-8").splitlines() if line.startswith("  - ")]
    assert entries
    assert [line for line in entries if "  # " not in line] == []
