"""Read the history of a job: the files that it made, or why it made none."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any, Literal, cast
from urllib.parse import urlencode

from mediasmith.plugin.contract import Failed, Output, Remote
from mediasmith.plugin.errors import Cancelled
from mediasmith.plugin.http_answers import Answer, Lenient
from mediasmith.plugin.http_errors import error_for_failed_work
from mediasmith.plugin.kinds import MediaType
from mediasmith.plugin.media import EXTENSIONS, media_type
from mediasmith_backends.comfyui.errors import TITLE, without_folders
from mediasmith_backends.comfyui.graph import label

_MIMES: Mapping[str, str] = {
    **{extension: mime for mime, extension in reversed(list(EXTENSIONS.items()))},
    "jpeg": "image/jpeg",
    "opus": "audio/ogg",
}
"""MIME types by the extensions of files; of two with the same one, such as webm, that of the video."""

_LESS = "Ask for a smaller size, a shorter duration or fewer files, or free memory on that machine."


class _File(Answer):
    filename: str
    subfolder: str = ""
    type: str = "output"

    @property
    def mime(self) -> str:
        """The type by the file's name, or ""."""
        return _MIMES.get(self.filename.rpartition(".")[2].lower(), "")


class _Status(Answer):
    status_str: Literal["success", "error"]
    messages: Lenient[list[Any]] = None


class Entry(Answer):
    """A job that has ended, as the history has it."""

    outputs: dict[str, Any]
    status: _Status
    prompt: Lenient[list[Any]] = None

    @property
    def succeeded(self) -> bool:
        """Whether the workflow has run to its end."""
        return self.status.status_str == "success"

    @property
    def interrupted(self) -> bool:
        """Whether someone has stopped the job; its status is that of an error."""
        return self.message("execution_interrupted") is not None

    def message(self, name: str) -> Mapping[str, Any] | None:
        """Return what a message of this name says, or None where there is none."""
        for one in self.status.messages or ():
            with suppress(LookupError, TypeError, ValueError):
                if one[0] == name:
                    return dict(one[1])
        return None

    def files(self, media: MediaType) -> Sequence[_File]:
        """Return the files of this type that were saved; where none was, those that were only shown as a preview."""
        found = [file for node in self.outputs.values() for file in _files(node) if media_type(file.mime) == media]
        saved = [file for file in found if file.type == "output"]
        return saved or found


def _files(node: object) -> Iterator[_File]:
    """Yield the files of a node; `images`, `audio`, `gifs` and others are lists of them, beside other lists."""
    for listed in cast("dict[str, object]", node).values() if isinstance(node, dict) else ():
        for one in cast("list[object]", listed) if isinstance(listed, list) else ():
            if isinstance(one, dict) and "filename" in one:
                yield _File.model_validate(one)


def read_outputs(entry: Entry, media: MediaType, *, base_url: str, headers: Mapping[str, str]) -> tuple[Output, ...]:
    """Return the files that a job made, each at its URL; none where it made no file of this type."""
    return tuple(
        Output(
            body=Remote(url=f"{base_url}/view?{urlencode(file.model_dump())}", headers=headers),
            mime=file.mime,
        )
        for file in entry.files(media)
    )


def failure(entry: Entry, media: MediaType) -> Failed:
    """Return why a job that has ended has no files. An engine of the user's own bills nothing."""
    if entry.interrupted:
        return Failed(error=Cancelled(f"The job was interrupted in {TITLE}.", billed="no"))
    what = f"the {media}"
    if entry.succeeded:
        detail = f"the workflow ended without a file of the type {media}"
        return Failed(error=error_for_failed_work(TITLE, detail, what=what, billed="no"))
    error = entry.message("execution_error") or {}
    reason = without_folders(f"{error.get('exception_message') or error.get('exception_type') or ''}")
    detail = f"{_label(entry, error)} failed: {reason}" if error else ""
    hint = _LESS if str(error.get("exception_type")).endswith("OutOfMemoryError") else ""
    return Failed(error=error_for_failed_work(TITLE, detail, what=what, hint=hint, billed="no"))


def _label(entry: Entry, error: Mapping[str, Any]) -> str:
    """Return the node that failed as its user finds it."""
    number = str(error.get("node_id", ""))
    title: object = None
    with suppress(LookupError, TypeError):
        title = (entry.prompt or [])[2][number]["_meta"]["title"]
    return label(number, title, error.get("node_type", "a node"))
