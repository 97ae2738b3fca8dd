"""Interactions: one request that is paid for, then looked at until it is done; the next one can go on from it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from anyio import to_thread

from mediasmith.plugin.contract import JSON, Accepted, Context, Output, Pending, Remote, Result
from mediasmith.plugin.errors import MissingKey, ProviderError, StateGone
from mediasmith_backends.google.answers import Interaction, Medium, MediumKind, read
from mediasmith_backends.google.client import Google
from mediasmith_backends.google.errors import NOT_FOUND, explain, status_of
from mediasmith_backends.google.inputs import Block

_FILE = re.compile(r"(?:^|/)files/([A-Za-z0-9]+)")

_GONE = {400, 403, NOT_FOUND}
"""The statuses of a request that names an interaction which is not there, or not ours. They may say other things."""


def said(prompt: str, files: Sequence[Block]) -> list[Mapping[str, object]]:
    """The input of an interaction: the files, then the words."""
    return [{"type": "user_input", "content": [*files, {"type": "text", "text": prompt}]}]


async def begin(client: Google, **body: object) -> Accepted:
    """Send the paying request of work in the background; the handle says what it is called.

    Raises:
        StateGone: the interaction that this one continues is gone.
    """
    interaction = await _create(client, background=True, store=True, **body)
    if not interaction.id:
        raise ProviderError("Google's answer names no interaction.")
    return Accepted(handle={"interaction": interaction.id})


async def at_once(client: Google, **body: object) -> Interaction:
    """Send the paying request and wait for its answer.

    Raises:
        StateGone: the interaction that this one continues is gone.
    """
    return await _create(client, **body)


async def _create(client: Google, **body: object) -> Interaction:
    previous = body.get("previous_interaction_id")
    try:
        answer = await _raw(client).create(**{name: value for name, value in body.items() if value is not None})
    except Exception as error:  # noqa: BLE001 - what goes wrong here says nothing against the interaction
        if isinstance(previous, str) and _may_be_gone(error) and not await _exists(client, previous):
            raise StateGone("Google no longer has what this continues.") from error
        raise
    return await to_thread.run_sync(read, answer.http_response.content)


def _raw(client: Google) -> Any:
    """The SDK without its reading of answers, which refuses all for one odd field and pays on for what ends early."""
    return client.sdk.aio.interactions.with_raw_response


async def _exists(client: Google, name: str) -> bool:
    """Whether an interaction is still there, as far as can be told."""
    try:
        await _raw(client).get(name)
    except Exception as error:  # noqa: BLE001 - what goes wrong here says nothing against the interaction
        return not _may_be_gone(error)
    return True


def _may_be_gone(error: Exception) -> bool:
    """Whether this may be said of an interaction that is not there. A key that is not taken has the same status."""
    return status_of(error) in _GONE and not isinstance(explain(error), MissingKey)


async def look(work: Context[Google], handle: JSON, kind: MediumKind) -> Pending | Result:
    """How the work with this handle stands.

    Raises:
        Unreachable: the answer is none of the provider's.
        MediaError: it ended without a file of this kind, or is not there.
    """
    interaction = await _fetched(work.client, named(handle))
    made = interaction.made(kind)
    if made is None:
        return Pending(message="queued" if interaction.status == "queued" else "")
    return await _result(work.client, interaction, made)


async def _fetched(client: Google, name: str) -> Interaction:
    try:
        answer = await _raw(client).get(name)
    except Exception as error:  # noqa: BLE001 - what goes wrong here says nothing against the interaction
        # Any other status may speak of the key or the account, which can be mended: what is paid for stays there.
        if status_of(error) == NOT_FOUND:
            raise ProviderError("Google does not have this work, or not any more.") from error
        raise
    return await to_thread.run_sync(read, answer.http_response.content)


async def cancel(work: Context[Google], handle: JSON) -> None:
    """Stop the work with this handle."""
    await _raw(work.client).cancel(named(handle))


def named(kept: JSON) -> str:
    """The interaction that a handle or a state names.

    Raises:
        StateGone: it names none.
    """
    match kept:
        case {"interaction": str(name)} if name:
            return name
        case _:
            raise StateGone("This names no interaction of Google's.")


def previous(state: JSON) -> str | None:
    """The interaction to continue; None where there is no state. Raises as `named`."""
    return None if state is None else named(state)


async def finished(client: Google, interaction: Interaction, kind: MediumKind) -> Result:
    """What an interaction that was waited for has made.

    Raises:
        MediaError: it made no file of this kind.
    """
    made = interaction.made(kind)
    if made is None:
        raise ProviderError("Google is still at it, although its answer was waited for.")
    return await _result(client, interaction, made)


async def _result(client: Google, interaction: Interaction, made: Sequence[Medium]) -> Result:
    """What was made. Of several files nobody could say later which one an edit means, so these have no state."""
    state: JSON = {"interaction": interaction.id} if interaction.id and len(made) == 1 else None
    outputs = [Output(body=await _body(client, medium), mime=medium.mime, state=state) for medium in made]
    return Result(outputs=tuple(outputs), details={"text": interaction.text} if interaction.text.strip() else {})


async def _body(client: Google, medium: Medium) -> bytes | Remote:
    """The bytes, or where they are: of an address only the file's name counts."""
    if medium.data:
        return medium.data
    found = _FILE.search(medium.uri)
    if not found:
        raise ProviderError("Google's answer names no file.")
    url = f"{client.url}/{client.version}/files/{found[1]}:download?alt=media"
    return Remote(url=url, headers=await client.headers())
