"""A fake of ComfyUI: `running()` starts it, and tests script it and read what it received by `FakeComfyUI`."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from fakes.fake_provider import FakeProvider, thread
from loopback.service import Service

WRONG_KEY = "comfyui-wrong-0123456789"
"""The one key that the proxy before it does not accept; it needs none."""


class FakeComfyUI(FakeProvider):
    """A running fake of ComfyUI. What counts as paying is what makes it work."""

    paying = ("POST /prompt",)

    def env(self, workflows: Path) -> dict[str, str]:
        """Return the variables that lead a server here."""
        return {"MEDIASMITH_COMFYUI_BASE_URL": self.url, "MEDIASMITH_COMFYUI_WORKFLOWS": str(workflows)}

    def settings(self, *, polls: int = 2, jobs: bool = False) -> None:
        """Set how many looks into the history new jobs take, and whether it is new enough to have /api/jobs."""
        self._set(polls=polls, jobs=jobs)


@contextmanager
def running() -> Generator[FakeComfyUI]:
    """Run a fake until the block ends."""
    from fakes.comfyui.service import PROVIDER  # noqa: PLC0415 - heavy: the pictures, in every test process

    with thread(Service(PROVIDER), FakeComfyUI) as fake:
        yield fake
