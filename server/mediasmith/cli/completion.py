"""Complete commands in a shell: the scripts, and the values to offer."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import click
from click.shell_completion import BashComplete, CompletionItem, FishComplete, ShellComplete, ZshComplete

from mediasmith.cli.terminal import line
from mediasmith.config.caller import LOCAL
from mediasmith.plugin.errors import MediaError

if TYPE_CHECKING:
    from mediasmith.config.declarations import Declarations
    from mediasmith.storage.library.store import Library

Completer: TypeAlias = "Callable[[click.Context, click.Parameter, str], list[CompletionItem]]"
"""Returns the values that start with what was typed."""

SHELLS: Mapping[str, type[ShellComplete]] = {"bash": BashComplete, "zsh": ZshComplete, "fish": FishComplete}
"""The shells with a completion script."""

_RECENT = 10
"""Jobs to offer at most."""


def load_declarations(ctx: click.Context) -> Declarations:
    """Return the settings and what is installed, in a fraction of the time that loading it takes."""
    from mediasmith.config import declaration_cache  # noqa: PLC0415 - heavy: pydantic

    root = ctx.find_root()
    if root.obj is None:
        root.obj = declaration_cache.load_declarations()[0]
    return root.obj


def script(command: click.Command, shell: str) -> str:
    """Return the script that sets up completion of the command in a shell."""
    return SHELLS[shell](command, {}, "mediasmith", "_MEDIASMITH_COMPLETE").source().strip()


def complete_one_of(values: Iterable[str]) -> Completer:
    """Return a completer that offers these values."""
    names = list(values)

    def complete(_ctx: click.Context, _param: click.Parameter, prefix: str) -> list[CompletionItem]:
        return [CompletionItem(name) for name in names if name.startswith(prefix)]

    return complete


def complete_file_names(_ctx: click.Context, _param: click.Parameter, prefix: str) -> list[CompletionItem]:
    """Let the shell complete a file name."""
    return [CompletionItem(prefix, type="file")]


def complete_backends(ctx: click.Context, _param: click.Parameter, prefix: str) -> list[CompletionItem]:
    """Complete the name of an installed backend."""
    kinds: dict[str, list[str]] = {}
    for offer in load_declarations(ctx).offers:
        kinds.setdefault(offer.backend, []).append(offer.kind)
    return [CompletionItem(name, help=", ".join(made)) for name, made in kinds.items() if name.startswith(prefix)]


def complete_models(ctx: click.Context, _param: click.Parameter, prefix: str) -> list[CompletionItem]:
    """Complete the id of a model: of the backend that was given, or of any."""
    chosen = str(ctx.params.get("backend") or "auto")
    found = [offer for offer in load_declarations(ctx).offers if chosen in {"auto", offer.backend}]
    about = {model: f"{offer.backend}, {offer.kind}" for offer in found for model in offer.models}
    return [CompletionItem(name, help=text) for name, text in about.items() if name.startswith(prefix)]


def complete_jobs(ctx: click.Context, _param: click.Parameter, prefix: str) -> list[CompletionItem]:
    """Complete the id of a recent job."""

    async def read(library: Library) -> dict[str, str]:
        return {job.id: f"{job.state} {job.kind}" for job in await library.recent(LOCAL, _RECENT)}

    return _complete_ids(ctx, read, prefix)


def complete_files(ctx: click.Context, _param: click.Parameter, prefix: str) -> list[CompletionItem]:
    """Complete the id of a file of a recent job."""

    async def read(library: Library) -> dict[str, str]:
        jobs = await library.recent(LOCAL, _RECENT)
        saved = [artifact for job in jobs for artifact in await library.artifacts(job.id) if not artifact.token]
        return {artifact.id: line(Path(artifact.path).name) for artifact in saved}

    return _complete_ids(ctx, read, prefix)


def _complete_ids(
    ctx: click.Context, read: Callable[[Library], Awaitable[dict[str, str]]], prefix: str
) -> list[CompletionItem]:
    """Complete ids from the library. A library that cannot be read offers none: completion must not print errors."""
    import anyio  # noqa: PLC0415 - heavy: needed only for ids

    from mediasmith.storage.library.store import Library  # noqa: PLC0415 - as above

    async def read_library() -> dict[str, str]:
        async with Library.open(load_declarations(ctx).settings.data_dir / "library.sqlite3") as library:
            return await read(library)

    try:
        ids = anyio.run(read_library)
    except MediaError:
        return []
    return [CompletionItem(name, help=about) for name, about in ids.items() if name.startswith(prefix)]
