"""Import the library of one machine into that of a fleet."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from mediasmith.cli.terminal import say
from mediasmith.config.caller import LOCAL
from mediasmith.engine.use_cases import Engine
from mediasmith.plugin.errors import InvalidRequest, MediaError
from mediasmith.storage.artifacts.local_artifacts import LocalArtifacts
from mediasmith.storage.library.store import Library
from mediasmith.storage.transfer import Copied, StoredLibrary, Transfer

_FILE = "library.sqlite3"

_MOST_SHOWN = 20
"""Files to name."""


async def import_library(engine: Engine, folder: Path) -> None:
    """Copy what the library in a data folder has, and say what was copied.

    What the user of that machine has made belongs to the holder of the fleet's token.

    Raises:
        InvalidRequest: there is no library in the folder.
        MediaError: the settings are not those of a fleet, or a library or the store cannot be used.
    """
    engine.installation.check_fleet()
    path = folder / _FILE
    if not path.is_file():
        raise InvalidRequest(
            f"There is no {_FILE} in {folder}.", "Give the data folder, which mediasmith doctor names.", billed="no"
        )
    principal = engine.installation.principal
    async with Library.open(path) as library:
        transfer = Transfer(
            source=StoredLibrary(library=library, files=LocalArtifacts()),
            target=StoredLibrary(library=engine.library, files=engine.files),
            folders=engine.folders,
            principals={LOCAL: principal},
            trouble=_report,
        )
        copied = await transfer.run()
    for text in _summary(copied):
        say(text)
    if principal != LOCAL and copied.jobs:
        say("They belong to the holder of MEDIASMITH_HTTP_TOKEN: MCP clients, the gallery and this command show them.")


def _report(error: MediaError) -> None:
    say(f"{error} Trying again.")


def _summary(copied: Copied) -> Iterator[str]:
    yield f"Copied {_count(copied.jobs, 'job')} and {_count(copied.files, 'file')}."
    if copied.earlier:
        yield f"{_count(copied.earlier, 'job')} had been copied before."
    if copied.running:
        yield f"{_count(len(copied.running), 'job')} not ended yet. Once they have, import the folder again."
    if copied.gone:
        yield f"{_count(len(copied.gone), 'file')} deleted or changed since; only what is known of them was copied:"
        yield from (f"  {path}" for path in copied.gone[:_MOST_SHOWN])
        if more := copied.gone[_MOST_SHOWN:]:
            yield f"  and {len(more)} more"


def _count(number: int, name: str) -> str:
    return f"{number:,} {name}{'' if number == 1 else 's'}"
