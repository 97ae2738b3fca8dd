"""The tool that runs every workflow on a ComfyUI, on the fake of one."""

from __future__ import annotations

from pathlib import Path

import pytest

import run_workflows
from fakes.comfyui import running
from fakes.comfyui.workflows import WORKFLOWS, write


async def test_every_workflow_is_run_and_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    images = {**WORKFLOWS["image"], "broken": {**WORKFLOWS["image"]["draw"], "6": WORKFLOWS["image"]["draw"]["4"]}}
    monkeypatch.setenv("MEDIASMITH_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("MEDIASMITH_OUTPUT_DIR", str(tmp_path / "out"))
    assert await run_workflows.run() == 1
    assert "MEDIASMITH_COMFYUI_WORKFLOWS" in capsys.readouterr().out
    with running() as fake:
        for name, value in fake.env(write(tmp_path / "flows", **images, dub=WORKFLOWS["video"]["dub"])).items():
            monkeypatch.setenv(name, value)
        fake.settings(polls=0)
        assert await run_workflows.run() == 1
    lines = capsys.readouterr().out.splitlines()
    assert [line.partition(" (")[0] for line in lines if line.endswith("s)") and "done" in line] == [
        "draw: done",
        "redraw: done",
        "retouch: done",
    ]
    assert any(line.startswith("broken: ComfyUI cannot run this workflow") for line in lines)
    assert "dub: left out, as it needs audio, video" in lines
    assert len([line for line in lines if line.startswith("    ")]) == len(list((tmp_path / "out").iterdir())) == 3
