"""What ComfyUI's errors mean: of the connection, of a workflow that it does not accept, of work that failed."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from mediasmith.plugin.error_words import answer_text, clause
from mediasmith.plugin.errors import InvalidRequest, MediaError, Unreachable, Unsuitable
from mediasmith.plugin.http_answers import Answer, Lenient
from mediasmith.plugin.http_errors import error_for_response, not_served, transport_error
from mediasmith_backends.comfyui.graph import Graph, Place

if TYPE_CHECKING:
    from httpx2 import URL

TITLE = "ComfyUI"
"""The engine's name in messages."""

KEYS = ("MEDIASMITH_COMFYUI_API_KEY",)
"""The variable of a key, which only a proxy before ComfyUI needs."""

LOCAL_URL = "http://127.0.0.1:8188"
"""Where ComfyUI listens by default."""

_URL_VARIABLE = "MEDIASMITH_COMFYUI_BASE_URL"
_NO_SUCH_ROUTE = (404, 405, 501)
_MOST_SENTENCES = 3
"""Faults of nodes that a message names."""

_MODEL_FILE = re.compile(r"\.(?:safetensors|sft|ckpt|pth?|gguf|bin|onnx)$", re.IGNORECASE)
"""The names of files that models come in."""

_CORRECT = "Correct the workflow in ComfyUI until it runs there, and export it again with Workflow → Export (API)."

_PATH = re.compile(
    r"[A-Za-z]:\\(?:[^'\"\\:*?<>|\n]+\\)+"  # on Windows, where spaces are common
    r"|(?<![\w:/\\.])/(?:[^\s'\"\\/:*?<>|]+/)+"
)
"""The folders of an absolute path, up to its last separator."""


def explain(error: Exception) -> MediaError | None:
    """Return what an exception of the connection or of an error status means, or None for any other exception."""
    from httpx2 import HTTPStatusError, RequestError  # noqa: PLC0415 - heavy: loaded by whatever has raised one

    if isinstance(error, HTTPStatusError):
        if error.response.status_code not in _NO_SUCH_ROUTE:
            return error_for_response(error.response, TITLE, keys=KEYS)
        url, detail = str(error.request.url), answer_text(error.response.content)
        return not_served(TITLE, url, own_url=LOCAL_URL, variables=[_URL_VARIABLE], detail=detail)
    known = transport_error(error, TITLE)
    if isinstance(error, RequestError) and isinstance(known, Unreachable) and known.billed == "no":
        known.message = f"{TITLE} cannot be reached at {_origin(error.request.url)}."
        known.hint = f"Is it running there? Start it, or set {_URL_VARIABLE} to its address and restart the server."
    return known


def _origin(url: URL) -> str:
    """Return where a URL leads, without user name and password."""
    return f"{url.scheme}://{url.netloc.decode('ascii')}"


class _Fault(Answer):
    type: Lenient[str] = None
    message: Lenient[str] = None
    details: Lenient[str] = None
    extra_info: Lenient[dict[str, Any]] = None

    @property
    def input(self) -> str:
        """The name of the input that is wrong, or ""."""
        name: object = (self.extra_info or {}).get("input_name")
        return name if isinstance(name, str) else ""


class NodeFaults(Answer):
    """What is wrong with one node."""

    errors: Lenient[tuple[_Fault, ...]] = None
    class_type: Lenient[str] = None


class Rejection(Answer):
    """The answer to a workflow that is not accepted."""

    error: Lenient[_Fault] = None
    node_errors: Lenient[dict[str, NodeFaults]] = None


def rejected(rejection: Rejection, graph: Graph, filled: Collection[Place], detail: str) -> MediaError:
    """Return the error for a workflow that ComfyUI does not accept, so that nothing runs.

    What the caller gave, in the places that were `filled`, is the request's fault; all else is the workflow's.
    """
    faults = rejection.node_errors or {}
    given = {(place.node, place.input) for place in filled}
    at_fault = {(node, fault.input) for node, one in faults.items() for fault in one.errors or ()}
    words = clause("; ".join(fault_sentences(faults, graph)) or _graph_sentence(rejection.error) or detail)
    if not faults and (rejection.error is None or rejection.error.type is None):
        return InvalidRequest(f"{TITLE} does not accept the request (400){words}.", billed="no")
    if at_fault and at_fault <= given:
        return InvalidRequest(f"{TITLE} does not accept what was asked for{words}.", billed="no")
    return Unsuitable(f"{TITLE} cannot run this workflow{words}.", _CORRECT, billed="no")


def _graph_sentence(fault: _Fault | None) -> str:
    """Return what is wrong with a workflow as a whole, or ""."""
    if fault is None:
        return ""
    if fault.type == "prompt_no_outputs":
        return "it has no node that saves a file"
    return f"{fault.message or ''} {fault.details or ''}".strip()


def fault_sentences(faults: Mapping[str, NodeFaults], graph: Graph) -> Sequence[str]:
    """Return the first few sentences on what is wrong with which node."""
    found = [
        f"{graph.nodes[name].label if name in graph.nodes else f'node {name}'}: {_sentence(fault)}"
        for name, one in faults.items()
        for fault in one.errors or ()
    ]
    return found[:_MOST_SENTENCES]


def _sentence(fault: _Fault) -> str:
    received: object = (fault.extra_info or {}).get("received_value")
    match fault.type:
        case "value_not_in_list" if isinstance(received, str) and _MODEL_FILE.search(received):
            return f"the file {received} for {fault.input} is not installed in {TITLE}"
        case "required_input_missing":
            return f"its input {fault.input} is missing"
        case "custom_validation_failed":
            return without_folders(fault.details or fault.message or "")
        case _:
            return without_folders(": ".join(filter(None, (fault.message, fault.details))))


def without_folders(text: str) -> str:
    """Return a text with the names of files instead of their paths, which tell of the user's machine."""
    return _PATH.sub("", text)
