"""Shell completion: the scripts, and the values that are known here."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import click
from click.shell_completion import BashComplete, CompletionItem, FishComplete, ShellComplete, ZshComplete

from mediasmith.cli.run import load_installation
from mediasmith.cli.terminal import line
from mediasmith.config.caller import LOCAL
from mediasmith.plugin.errors import MediaError

if TYPE_CHECKING:
    from mediasmith.storage.library.store import Library

Completer: TypeAlias = "Callable[[click.Context, click.Parameter, str], list[CompletionItem]]"
"""Returns the values that a beginning may become."""

SHELLS: Mapping[str, type[ShellComplete]] = {"bash": BashComplete, "zsh": ZshComplete, "fish": FishComplete}
"""The shells with a completion script."""

_RECENT = 10
"""Jobs that are offered."""


def script(command: click.Command, shell: str) -> str:
    """Return what a shell runs, once in a session, to complete this command."""
    return SHELLS[shell](command, {}, "mediasmith", "_MEDIASMITH_COMPLETE").source().strip()


def complete_one_of(values: Iterable[str]) -> Completer:
    """Return a completer to one of these values."""
    names = list(values)

    def complete(_ctx: click.Context, _param: click.Parameter, begun: str) -> list[CompletionItem]:
        return [CompletionItem(name) for name in names if name.startswith(begun)]

    return complete


def files(_ctx: click.Context, _param: click.Parameter, begun: str) -> list[CompletionItem]:
    """Complete to a file: the shell knows them."""
    return [CompletionItem(begun, type="file")]


def backends(ctx: click.Context, _param: click.Parameter, begun: str) -> list[CompletionItem]:
    """Complete to an installed backend."""
    found = load_installation(ctx).registry.backends.values()
    return [CompletionItem(one.name, help=one.title) for one in found if one.name.startswith(begun)]


def models(ctx: click.Context, _param: click.Parameter, begun: str) -> list[CompletionItem]:
    """Complete to a model, of the backend if one was given."""
    named = str(ctx.params.get("backend") or "")
    found = load_installation(ctx).registry.backends.values()
    names = {
        model.id: one.title
        for one in found
        for capability in one.capabilities
        for model in capability.models
        if named in {"", "auto", one.name, *one.aliases}
    }
    return [CompletionItem(name, help=title) for name, title in names.items() if name.startswith(begun)]


def complete_jobs(ctx: click.Context, _param: click.Parameter, begun: str) -> list[CompletionItem]:
    """Complete to the id of a recent job."""

    async def read(library: Library) -> dict[str, str]:
        return {job.id: f"{job.state} {job.kind}" for job in await library.recent(LOCAL, _RECENT)}

    return _known(ctx, read, begun)


def complete_files(ctx: click.Context, _param: click.Parameter, begun: str) -> list[CompletionItem]:
    """Complete to the id of a file of a recent job."""

    async def read(library: Library) -> dict[str, str]:
        jobs = await library.recent(LOCAL, _RECENT)
        made = [artifact for job in jobs for artifact in await library.artifacts(job.id) if not artifact.token]
        return {artifact.id: line(Path(artifact.path).name) for artifact in made}

    return _known(ctx, read, begun)


def _known(
    ctx: click.Context, read: Callable[[Library], Awaitable[dict[str, str]]], begun: str
) -> list[CompletionItem]:
    """Complete to the ids that the library has. One that cannot be read offers nothing: completion shows no errors."""
    import anyio  # noqa: PLC0415 - heavy: only needed for ids

    from mediasmith.storage.library.store import Library  # noqa: PLC0415 - as above

    async def found() -> dict[str, str]:
        async with Library.open(load_installation(ctx).settings.data_dir / "library.sqlite3") as library:
            return await read(library)

    try:
        ids = anyio.run(found)
    except MediaError:
        return []
    return [CompletionItem(name, help=about) for name, about in ids.items() if name.startswith(begun)]
