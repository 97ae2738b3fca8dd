"""Interactions: one paying request, then polls until it is done. A later interaction can continue an earlier one."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from http import HTTPStatus
from typing import Annotated, Any

from anyio import to_thread
from pydantic import BaseModel, ConfigDict, Field

from mediasmith.plugin.contract import Accepted, Cancellation, Context, Failed, Output, Pending, Remote, Result
from mediasmith.plugin.errors import MediaError, MissingKey, StateGone
from mediasmith.plugin.http_answers import read_answer
from mediasmith.plugin.http_errors import malformed, reading, retry_after
from mediasmith_backends.google.client import Google
from mediasmith_backends.google.errors import explain, status_of
from mediasmith_backends.google.inputs import Block
from mediasmith_backends.google.interaction_answer import File, Interaction, Medium
from mediasmith_backends.google.sign_in import TITLE

_FILE = re.compile(r"(?:^|/)files/([A-Za-z0-9]+)")

_MAY_BE_GONE = {HTTPStatus.BAD_REQUEST, HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND}
"""The statuses of a request that names an interaction which does not exist. They have other causes, too."""

_NOT_RUNNING = {HTTPStatus.BAD_REQUEST, HTTPStatus.CONFLICT}
"""The statuses of a request to cancel what is not running. They have other causes, too."""


class InteractionHandle(BaseModel):
    """An interaction that is polled for."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)

    interaction: Annotated[str, Field(min_length=1)]


class InteractionState(BaseModel):
    """The interaction that made a file, which an edit continues."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)

    interaction: Annotated[str, Field(min_length=1)]


def user_input(prompt: str, files: Sequence[Block]) -> list[Mapping[str, object]]:
    """Return the input of an interaction: the files, then the prompt."""
    return [{"type": "user_input", "content": [*files, {"type": "text", "text": prompt}]}]


async def create(
    client: Google, medium: Medium, *, state: InteractionState | None = None, **body: object
) -> Result | Accepted:
    """Send the paying request, and return its files, or a handle where it is not done yet. None in `body` is left out.

    Raises:
        StateGone: the interaction that it continues no longer exists.
        MediaError: it ended without a file of this medium.
    """
    if state:
        body["previous_interaction_id"] = state.interaction
    try:
        answer = await _requests(client).create(**{name: value for name, value in body.items() if value is not None})
    except Exception as error:
        if state and _may_be_gone(error) and not await _exists(client, state.interaction):
            raise StateGone(f"{TITLE} no longer has what this would continue.") from error
        raise
    interaction = await _read(answer.http_response)
    if interaction.id and not interaction.ended and body.get("store") is not False:
        return Accepted(handle=InteractionHandle(interaction=interaction.id))
    with reading(TITLE, answer.http_response.content):
        files = interaction.files(medium)
        if files is None:
            raise malformed(TITLE)
        if isinstance(files, MediaError):
            raise files
        return await _result(client, interaction, files)


async def poll(context: Context[Google], handle: InteractionHandle, medium: Medium) -> Pending | Result | Failed:
    """Return how the interaction stands."""
    response = await _fetch(context.client, handle.interaction)
    interaction = await _read(response)
    with reading(TITLE, response.content):
        files = interaction.files(medium)
        if files is None:
            message = "queued" if interaction.status == "queued" else ""
            return Pending(message=message, after=retry_after(response.headers))
        if isinstance(files, MediaError):
            return Failed(error=files)
        return await _result(context.client, interaction, files)


async def cancel(context: Context[Google], handle: InteractionHandle) -> Cancellation:
    """Cancel the interaction."""
    try:
        answer = await _requests(context.client).cancel(handle.interaction)
    except Exception as error:
        if status_of(error) in _NOT_RUNNING and await _has_ended(context.client, handle.interaction):
            return "too late"
        raise
    interaction = await _read(answer.http_response)
    if interaction.status == "cancelled":
        return "stopped"
    return "too late" if interaction.ended else "asked"


def _requests(client: Google) -> Any:
    """Return the SDK's requests with raw answers: parsed ones fail for one odd field, and may be paid for again."""
    return client.sdk.aio.interactions.with_raw_response


async def _read(response: Any) -> Interaction:
    return await to_thread.run_sync(read_answer, response.content, Interaction, TITLE)


async def _fetch(client: Google, name: str) -> Any:
    """Return the answer about an interaction; one with an error status only if it says that the work has ended."""
    try:
        answer = await _requests(client).get(name)
    except Exception as error:
        response: Any = getattr(error, "response", None)
        with suppress(MediaError):
            if response is not None and (await _read(response)).ended:
                return response
        raise
    return answer.http_response


async def _has_ended(client: Google, name: str) -> bool:
    return (await _read(await _fetch(client, name))).ended


async def _exists(client: Google, name: str) -> bool:
    """Return whether an interaction still exists; True if that is not known."""
    try:
        await _requests(client).get(name)
    except Exception as error:  # noqa: BLE001 - no other failure says that it is gone
        return not _may_be_gone(error)
    return True


def _may_be_gone(error: Exception) -> bool:
    # A key that is not accepted has the same status.
    return status_of(error) in _MAY_BE_GONE and not isinstance(explain(error), MissingKey)


async def _result(client: Google, interaction: Interaction, files: Sequence[File]) -> Result:
    """Return the files. An interaction with several does not say which one an edit means, so these have no state."""
    state = InteractionState(interaction=interaction.id) if interaction.id and len(files) == 1 else None
    outputs = [Output(body=await _body(client, file), mime=file.mime, state=state) for file in files]
    return Result(outputs=tuple(outputs), details={"text": interaction.text} if interaction.text.strip() else {})


async def _body(client: Google, file: File) -> bytes | Remote:
    """Return the bytes, or where to download them. Of a URI only the file's id counts, so the key goes nowhere else."""
    if file.data:
        return file.data
    found = _FILE.search(file.uri)
    if not found:
        raise malformed(TITLE)
    url = f"{client.url}/{client.version}/files/{found[1]}:download?alt=media"
    return Remote(url=url, headers=await client.headers())
