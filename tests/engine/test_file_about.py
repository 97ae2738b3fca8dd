"""The account of how a file was made."""

from __future__ import annotations

import json
from pathlib import Path

from fakes.engines import artifact_record, task_record
from mediasmith.engine.file_about import present_about

HOME = Path("/home/ada")


def test_how_a_file_was_made_is_told_in_full() -> None:
    asked = {"params": {"seed": 7}, "prompts": ("a red kite", "at night"), "parent": "p" * 26, "task": 1}
    artifact, child = artifact_record(HOME / "kite.png", **asked), artifact_record(HOME / "child.png", id="c" * 26)
    tasks = [task_record(number=number, billed="yes", cost_usd=0.01 + number) for number in range(2)]
    about = json.loads(present_about(artifact, tasks, [child]).text())
    assert about.pop("file")["path"] == "/home/ada/kite.png"
    assert about == {
        "job_id": "j" * 26,
        "created": "2027-01-15T08:00:00Z",
        "kind": "image",
        "backend": "one",
        "model": "fake-1",
        "prompts": ["a red kite", "at night"],
        "params": {"seed": 7},
        "parent": "p" * 26,
        "children": ["c" * 26],
        "cost": {"usd": 1.01, "basis": "reported"},
    }
