"""What other processes do to the owners' folder. They are importable here: a spawned process loads no test module."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mediasmith.jobs.ownership import Owner, alive


def hold(pipe: Any, folder: Path) -> None:
    """Claim, send the id, and go on until killed, or asked to end without a release."""
    pipe.send(Owner.claim(folder).id)
    pipe.recv()


def probe(pipe: Any, folder: Path) -> None:
    """Send back which of the received owners are alive."""
    pipe.send("ready")
    for names in iter(pipe.recv, None):
        pipe.send([alive(folder, name) for name in names])


def pester(pipe: Any, folder: Path) -> None:
    """Check every file that appears in the folder until asked to stop; send back how often, and what looked dead."""
    checked, dead = 0, list[str]()
    pipe.send("ready")
    while not pipe.poll():
        for file in folder.glob("?" * 26 + ".lock"):
            checked += 1
            if not alive(folder, file.stem):
                dead.append(file.stem)
    pipe.send((checked, dead))
