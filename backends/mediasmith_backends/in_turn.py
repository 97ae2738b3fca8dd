"""A long text in several requests, one after the other: what was paid for is kept when a later one fails."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeVar

from mediasmith.contract import Call, Pending
from mediasmith.errors import MediaError

P = TypeVar("P")
R = TypeVar("R")


async def in_turn(
    call: Call[Any, Any],
    parts: Sequence[P],
    say: Callable[[P], Awaitable[R]],
    *,
    words: Callable[[P], str],
    explain: Callable[[Exception], MediaError | None],
) -> list[R]:
    """What each part became. `say` is one paid request, `words` are what is said in a part, `explain` is the backend's.

    Raises:
        Exception: the first request failed. When a later one does, there is a warning, and what was made is returned.
    """
    made: list[R] = []
    for part in parts:
        try:
            made.append(await say(part))
        except Exception as error:
            known = error if isinstance(error, MediaError) else explain(error)
            if known is None or not made:
                raise
            call.warn(
                f"Only the first {len(made)} of {len(parts)} parts of the text were said, which were paid for: "
                f'{known.message} What is missing begins with "{words(part)[:60]}".'
            )
            break
        call.report(Pending(progress=len(made) / len(parts)))
    return made
