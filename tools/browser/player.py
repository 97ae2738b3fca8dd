"""Play scenes in a browser one after the other, and print how each went."""

from __future__ import annotations

import argparse
import tempfile
import traceback
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar, cast

import anyio

import npm

S = TypeVar("S")

_PICTURES = Path(tempfile.gettempdir(), "mediasmith-screenshots")
_PATIENCE = 120  # seconds for a scene


@dataclass(kw_only=True)
class Player:
    """Plays the scenes that are `named`, or all, and counts those that `failed`.

    Screenshots go to the folder `pictures`; `title` begins each line.
    """

    title: str
    named: tuple[str, ...]
    pictures: Path
    failed: int = 0

    @classmethod
    def from_arguments(cls, title: str, about: str) -> Player:
        """Return a player for what the command line asks for."""
        parser = argparse.ArgumentParser(prog=title.lower(), description=about)
        parser.add_argument("scene", nargs="*", help="what to run; by default everything")
        parser.add_argument("--pictures", type=Path, default=_PICTURES, help="the folder for screenshots")
        arguments = parser.parse_args()
        arguments.pictures.mkdir(parents=True, exist_ok=True)
        return cls(title=title, named=tuple(arguments.scene), pictures=arguments.pictures)

    @property
    def exit_code(self) -> int:
        """1 if a scene failed, else 0."""
        return min(self.failed, 1)

    def skip(self, reason: object) -> None:
        """Say why nothing, or nothing more, is played."""
        print(f"{self.title}: skipped. {reason}")

    async def play(self, scenes: Mapping[str, S], act: Callable[[str, S], Awaitable[None]]) -> None:
        """Act out each scene, given its name."""
        for name, scene in scenes.items():
            if self.named and name not in self.named:
                continue
            try:
                with anyio.fail_after(_PATIENCE):
                    await act(name, scene)
                print(f"{self.title}: {name}: ok", flush=True)
            except npm.Unavailable:
                raise
            except Exception as error:  # noqa: BLE001 - one scene does not keep the others from being played
                self.failed += 1
                print(f"{self.title}: {name}: FAILED\n{_cause(error)}", flush=True)


def _cause(error: BaseException) -> str:
    """Return the traceback of the error itself, without the groups that task groups put around it."""
    while isinstance(error, BaseExceptionGroup):
        [error, *_] = cast("tuple[BaseException, ...]", error.exceptions)
    return "".join(traceback.format_exception(error))
