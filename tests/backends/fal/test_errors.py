"""Which answers to a finished request say how it ended, and what of."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import httpx2
import pytest

from mediasmith.plugin.errors import Billed, Cancelled, InvalidRequest, MediaError, ProviderError, Refused
from mediasmith_backends.fal.errors import verdict

BAD_INPUT = {"detail": [{"loc": ["body", "image_url"], "msg": "Too small.", "type": "image_too_small"}]}
OWN_FAULT = {"detail": [{"loc": ["body"], "msg": "It broke.", "type": "internal_server_error"}]}
TIMEOUT = {"detail": "No runner started.", "error_type": "startup_timeout"}
STOPPED = {"detail": "It was cancelled.", "error_type": "client_cancelled"}


def _violation(**more: Any) -> Mapping[str, Any]:
    return {"detail": [{"loc": ["body"], "msg": "Flagged.", "type": "content_policy_violation", **more}]}


@pytest.mark.parametrize(
    ("status", "body", "billed", "kind", "words"),
    [
        (422, BAD_INPUT, "unknown", InvalidRequest, "image_url: Too small"),
        (422, OWN_FAULT, "unknown", ProviderError, "It broke"),
        (422, _violation(), "unknown", Refused, "Flagged"),
        (499, STOPPED, "unknown", Cancelled, "cancelled"),
        (504, TIMEOUT, "no", ProviderError, "No runner started"),
        (400, {"detail": "It broke.", "error_type": "bad_request"}, "no", ProviderError, "It broke"),
    ],
)
def test_a_type_in_the_body_names_the_end(
    status: int, body: Any, billed: Billed, kind: type[MediaError], words: str
) -> None:
    found = verdict(httpx2.Response(status, json=body), None)
    assert found
    assert (type(found), found.billed) == (kind, billed)
    assert words in found.message
    known = verdict(httpx2.Response(status, json=body), "yes")
    assert known
    assert known.billed == "yes"


def test_a_type_in_the_header_names_the_end() -> None:
    headers = {"x-fal-error-type": "runner_server_error"}
    assert isinstance(verdict(httpx2.Response(500, json={"detail": "It broke."}, headers=headers), None), ProviderError)


@pytest.mark.parametrize(
    ("status", "body"),
    [
        *((500, {"detail": "Bad gateway"}), (502, {}), (503, []), (499, {}), (422, {"detail": "no list"})),
        *((422, {"detail": [{"msg": "no type"}]}), (401, TIMEOUT), (404, TIMEOUT), (429, TIMEOUT), (200, TIMEOUT)),
    ],
)
def test_without_a_type_it_is_trouble_on_the_way(status: int, body: Any) -> None:
    assert verdict(httpx2.Response(status, json=body), None) is None


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ({"categories": ["hate", "violence"]}, "hate, violence"),
        ({"ctx": {"categories": ["hate"]}}, "hate"),
        ({}, "content_policy_violation"),
    ],
)
def test_a_refusal_names_the_categories(more: Mapping[str, Any], reason: str) -> None:
    found = verdict(httpx2.Response(422, json=_violation(**more)), None)
    assert isinstance(found, Refused)
    assert found.reason == reason
