"""Mediasmith: one tool call becomes a media file on disk.

async with mediasmith.open() as media:
    result = await media.generate("a lighthouse at dusk")
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from importlib import import_module
from typing import TYPE_CHECKING

from mediasmith.plugin.errors import (
    Cancelled,
    InvalidRequest,
    MediaError,
    Misconfigured,
    MissingKey,
    ModelGone,
    NotAllowed,
    NothingSuitable,
    NotPermitted,
    NotServed,
    OutOfCredit,
    OverBudget,
    Overloaded,
    ProviderError,
    RateLimited,
    Refused,
    StateGone,
    TimedOut,
    UnknownContinuation,
    Unreachable,
    Unsuitable,
)

if TYPE_CHECKING:
    from mediasmith.api import EditArguments, GenerateArguments, Media, Progress, ToolAnswer, ToolDescription
    from mediasmith.config.offers import Offer
    from mediasmith.config.settings import Settings
    from mediasmith.engine.results import (
        Attempt,
        BackendList,
        CapabilityDetail,
        Cost,
        Item,
        JobList,
        JobSummary,
        MediaFile,
        MediaResult,
        ModelMatch,
    )
    from mediasmith.plugin.kinds import Kind
    from mediasmith.storage.previews import Preview

__all__ = [
    "Attempt",
    "BackendList",
    "Cancelled",
    "CapabilityDetail",
    "Cost",
    "EditArguments",
    "GenerateArguments",
    "InvalidRequest",
    "Item",
    "JobList",
    "JobSummary",
    "Kind",
    "Media",
    "MediaError",
    "MediaFile",
    "MediaResult",
    "Misconfigured",
    "MissingKey",
    "ModelGone",
    "ModelMatch",
    "NotAllowed",
    "NotPermitted",
    "NotServed",
    "NothingSuitable",
    "Offer",
    "OutOfCredit",
    "OverBudget",
    "Overloaded",
    "Preview",
    "Progress",
    "ProviderError",
    "RateLimited",
    "Refused",
    "Settings",
    "StateGone",
    "TimedOut",
    "ToolAnswer",
    "ToolDescription",
    "UnknownContinuation",
    "Unreachable",
    "Unsuitable",
    "open",
]

_TYPES = ("mediasmith.api", "mediasmith.engine.results")
"""The modules that have what `__all__` names and nothing here imports: they are loaded at its first use."""


def open(  # noqa: A001 - mediasmith.open reads right
    settings: Settings | None = None,
    *,
    keys: Mapping[str, str | None] | None = None,
    env: Mapping[str, str] | None = None,
) -> AbstractAsyncContextManager[Media]:
    """Return an open Mediasmith, for `async with`.

    `keys` are providers' keys by the name of the backend or of the variable that holds it:
    `{"acme": "..."}` or `{"ACME_API_KEY": "..."}`. `settings` and keys that are not given, or None, are read from
    `env`, by default the environment of this process.

    Raises:
        MediaError: when it is opened, if no backend has a key of such a name.
    """
    from mediasmith.api import open_media  # noqa: PLC0415 - heavy: importing the package alone stays cheap

    return open_media(settings, keys=keys, env=env)


if not TYPE_CHECKING:  # a type checker is to know the names above and no others

    def __getattr__(name: str) -> object:
        if name in __all__:
            for module in map(import_module, _TYPES):
                if name in vars(module):
                    return vars(module)[name]
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
