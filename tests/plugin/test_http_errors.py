"""What goes wrong over HTTP, as the errors that callers see."""

from __future__ import annotations

import ssl
from typing import Any

import httpx
import httpx2
import pytest

from mediasmith.plugin.errors import (
    Billed,
    InvalidRequest,
    MediaError,
    Misconfigured,
    MissingKey,
    ModelGone,
    NotPermitted,
    NotServed,
    OutOfCredit,
    Overloaded,
    ProviderError,
    RateLimited,
    Refused,
    TimedOut,
    Unreachable,
)
from mediasmith.plugin.http_errors import (
    blocked_by_page,
    error_for_failed_work,
    error_for_response,
    error_for_status,
    is_about,
    malformed,
    not_billed,
    not_served,
    reading,
    retry_after,
    transport_error,
    unreachable_error,
)

# Statuses


@pytest.mark.parametrize(
    ("status", "kind", "billed", "message"),
    [
        (307, NotServed, "no", "What is at the address of Acme does not take requests (307): Too long."),
        (400, InvalidRequest, "no", "Acme does not accept the request (400): Too long."),
        (401, MissingKey, "no", "Acme does not accept its key: Too long."),
        (402, OutOfCredit, "no", "The account at Acme has no credit left: Too long."),
        (403, NotPermitted, "no", "Acme does not allow this account to do that: Too long."),
        (404, ModelGone, "no", "Acme does not know this model: Too long."),
        (405, NotServed, "no", "What is at the address of Acme does not take requests (405): Too long."),
        (407, Misconfigured, "no", "A proxy on the way to Acme wants a login (407): Too long."),
        (408, TimedOut, None, "Acme did not answer in time: Too long."),
        (413, InvalidRequest, "no", "Acme does not accept the request (413): Too long."),
        (415, InvalidRequest, "no", "Acme does not accept the request (415): Too long."),
        (418, ProviderError, None, "Acme answered with status 418: Too long."),
        (422, InvalidRequest, "no", "Acme does not accept the request (422): Too long."),
        (429, RateLimited, "no", "Acme has received too many requests: Too long."),
        (451, Refused, "no", "Acme declined to make this: Too long."),
        (500, ProviderError, None, "Acme answered with status 500: Too long."),
        (501, NotServed, "no", "What is at the address of Acme does not take requests (501): Too long."),
        (503, Overloaded, "no", "Acme is overloaded: Too long."),
        (504, TimedOut, None, "Acme did not answer in time: Too long."),
    ],
)
def test_status_has_one_meaning(status: int, kind: type[MediaError], billed: Billed | None, message: str) -> None:
    error = error_for_status(status, "Acme", keys=["ACME_KEY"], detail=" Too long. ", retry_after=3)
    assert (type(error), error.billed, error.message) == (kind, billed, message)
    if isinstance(error, RateLimited):
        assert error.retry_after == 3
    if isinstance(error, MissingKey):
        assert error.variables == ("ACME_KEY",)


def test_page_at_403_is_not_the_providers() -> None:
    page = b"<!DOCTYPE html><html><title>Blocked by Acme Shield</title>"
    error = blocked_by_page(403, "Paper", page)
    assert isinstance(error, NotServed)
    assert error.message == "A web page came instead of an answer of Paper (403): Blocked by Acme Shield."
    assert blocked_by_page(404, "Paper", page) is None
    assert blocked_by_page(403, "Paper", b'{"error": "<html>"}') is None


NGINX = b"<html><head><title>400 The plain HTTP request was sent to HTTPS port</title></head></html>"
GO = b"Client sent an HTTP request to an HTTPS server.\n"


@pytest.mark.parametrize("body", [NGINX, GO])
def test_server_with_tls_that_is_asked_without_says_what_to_correct(body: bytes) -> None:
    error = error_for_response(
        httpx2.Response(400, content=body, request=httpx2.Request("GET", "http://box/v1")), "Box"
    )
    assert isinstance(error, Misconfigured)
    assert "https://" in error.hint


@pytest.mark.parametrize(
    ("url", "body"), [("http://box/v1", b'{"error": "image_url must begin with https"}'), ("https://box/v1", GO)]
)
def test_other_bad_request_is_the_callers(url: str, body: bytes) -> None:
    error = error_for_response(httpx2.Response(400, content=body, request=httpx2.Request("GET", url)), "Box")
    assert isinstance(error, InvalidRequest)


def test_page_instead_of_a_result_says_where_to_look() -> None:
    error = malformed("Paper", b"<html><title>Open Studio</title>")
    assert str(error).startswith("A web page came instead of an answer of Paper: Open Studio. ")
    assert "Check the base URL" in error.hint


def test_status_without_words_makes_a_sentence() -> None:
    assert error_for_status(500, "Acme").message == "Acme answered with status 500."
    assert error_for_status(429, "Acme").message == "Acme has received too many requests."


@pytest.mark.parametrize("library", [httpx, httpx2], ids=["httpx", "httpx2"])
def test_response_gives_status_words_and_pause(library: Any) -> None:
    body = {"error": {"message": "Slow down."}}
    error = error_for_response(library.Response(429, json=body, headers={"Retry-After": "7"}), "Acme")
    assert isinstance(error, RateLimited)
    assert error.message == "Acme has received too many requests: Slow down."
    assert error.retry_after == 7


@pytest.mark.parametrize(
    "body", [b"", b"<html>Bad gateway</html>", b"[" * 100_000, b"\xff\xfe"], ids=["empty", "page", "deep", "binary"]
)
def test_response_without_json_gives_the_status_alone(body: bytes) -> None:
    assert error_for_response(httpx2.Response(502, content=body), "Acme").message == "Acme answered with status 502."


def test_response_of_a_rejected_key_names_the_variables() -> None:
    error = error_for_response(httpx2.Response(401), "Acme", keys=["ACME_KEY"])
    assert isinstance(error, MissingKey)
    assert error.variables == ("ACME_KEY",)


# Work that was accepted and then failed


@pytest.mark.parametrize(
    ("status", "kind", "message"),
    [
        (None, ProviderError, "Acme could not finish the song: Too long."),
        (200, ProviderError, "Acme could not finish the song: Too long."),
        (400, InvalidRequest, "Acme could not use the request for the song: Too long."),
        (404, ProviderError, "Acme could not finish the song: Too long."),
        (422, InvalidRequest, "Acme could not use the request for the song: Too long."),
        (451, Refused, "Acme declined to make the song: Too long."),
        (503, ProviderError, "Acme could not finish the song: Too long."),
    ],
)
def test_failed_work_may_have_been_billed(status: int | None, kind: type[MediaError], message: str) -> None:
    error = error_for_failed_work("Acme", "Too long.", what="the song", status=status, hint="Shorten it.")
    assert (type(error), error.billed, error.message, error.hint) == (kind, "unknown", message, "Shorten it.")


@pytest.mark.parametrize("status", [None, 422, 451])
def test_failed_work_is_billed_as_its_answer_says(status: int | None) -> None:
    error = error_for_failed_work("Acme", status=status, billed="no")
    assert error.billed == "no"
    assert error.message.endswith(" this.")


# Exceptions of the transport


@pytest.mark.parametrize("library", [httpx, httpx2], ids=["httpx", "httpx2"])
@pytest.mark.parametrize(
    ("name", "kind", "billed"),
    [
        ("ConnectError", Unreachable, "no"),
        ("ConnectTimeout", Unreachable, "no"),
        ("PoolTimeout", Unreachable, "no"),
        ("UnsupportedProtocol", Misconfigured, "no"),
        ("LocalProtocolError", Misconfigured, "no"),
        ("InvalidURL", Misconfigured, "no"),
        ("ReadTimeout", TimedOut, None),
        ("WriteTimeout", TimedOut, None),
        ("ReadError", Unreachable, None),
        ("WriteError", Unreachable, None),
        ("CloseError", Unreachable, None),
        ("RemoteProtocolError", Unreachable, None),
        ("DecodingError", ProviderError, None),
        ("TooManyRedirects", ProviderError, None),
    ],
)
def test_transport_exception_says_whether_it_was_billed(
    library: Any, name: str, kind: type[MediaError], billed: Billed | None
) -> None:
    error = transport_error(getattr(library, name)("scripted"), "Acme")
    assert error
    assert (type(error), error.billed) == (kind, billed)
    assert "scripted" not in str(error)


@pytest.mark.parametrize(("scheme", "hint"), [("http", True), ("https", False)])
def test_connection_without_tls_that_breaks_may_have_to_be_one_with_it(scheme: str, hint: bool) -> None:
    request = httpx2.Request("POST", f"{scheme}://box/v1")
    error = transport_error(httpx2.RemoteProtocolError("scripted", request=request), "Box")
    assert error
    assert ("https://" in error.message) is hint


@pytest.mark.parametrize("error", [None, KeyError("no"), ValueError("no"), ssl.SSLError("no"), TimeoutError()])
def test_other_exceptions_are_not_of_the_transport(error: Exception | None) -> None:
    assert transport_error(error, "Acme") is None


def test_what_the_network_raises_is_returned_as_it_is() -> None:
    error = Misconfigured("HTTPS_PROXY is not the URL of a proxy.")
    assert transport_error(error, "Acme") is error


def test_a_404_of_a_gateway_says_what_was_asked_and_shows_no_secret() -> None:
    error = not_served(
        "Acme",
        "http://ann:secret@gateway.example/images?key=secret",
        own_url="https://api.acme.example/v1",
        variables=["ACME_BASE_URL"],
        detail="Not Found",
    )
    assert str(error) == (
        "There is nothing at http://gateway.example/images (404: Not Found), where the base URL of Acme leads. "
        "Nothing was billed. Correct ACME_BASE_URL and restart the server. It usually ends with /v1. Acme's own is "
        "https://api.acme.example/v1."
    )


@pytest.mark.parametrize(
    ("text", "about"),
    [
        ("The model `sd-9` does not exist.", True),
        ('{"error": {"param": "Model"}}', True),
        ('{"detail": "Not Found"}', False),
        ("The requested URL /v1/models/sd-9:predict was not found on this server.", False),
        ("no such route: v1/models/sd-9:predict", False),
    ],
)
def test_the_words_of_a_404_are_about_a_model_or_about_the_address(text: str, about: bool) -> None:
    assert is_about("model", text, "http://gateway.example/v1/models/sd-9:predict?x=1") is about


def test_unreachable_provider_says_what_to_check() -> None:
    error = unreachable_error("Acme")
    assert error.billed == "no"
    assert str(error).startswith("Acme cannot be reached. Nothing was billed. Check the network and the proxy")


# Malformed answers


@pytest.mark.parametrize("kind", [AttributeError, KeyError, IndexError, TypeError, ValueError, RecursionError])
def test_answer_that_cannot_be_read_is_malformed(kind: type[Exception]) -> None:
    with pytest.raises(ProviderError, match="Acme sent an answer that cannot be read") as caught, reading("Acme"):
        raise kind("missing")
    assert caught.value.billed is None
    assert str(caught.value) == str(malformed("Acme"))


def test_reading_leaves_media_errors_alone() -> None:
    with pytest.raises(Refused), reading("Acme"):
        raise Refused("No.")


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (b"", "Acme sent an answer that cannot be read."),
        (b'{"data": []}', "Acme sent an answer that cannot be read."),
        (b'{"error": "Busy."}', "Acme answered, but without a result: Busy."),
        ("Busy.", "Acme answered, but without a result: Busy."),
    ],
)
def test_an_answer_that_cannot_be_read_goes_with_its_words_and_itself(answer: bytes | str, message: str) -> None:
    error = malformed("Acme", answer)
    assert (error.message, error.answer) == (message, answer.encode() if isinstance(answer, str) else answer)


# What comes before the paying request


def explain(error: Exception) -> MediaError | None:
    return transport_error(error, "Acme")


@pytest.mark.parametrize(
    ("failure", "kind"),
    [(httpx2.ReadTimeout("no"), TimedOut), (ProviderError("No.", billed="unknown"), ProviderError)],
    ids=["explained", "media error"],
)
def test_failure_before_the_paying_request_is_not_billed(failure: Exception, kind: type[MediaError]) -> None:
    with pytest.raises(kind) as caught, not_billed(explain):
        raise failure
    assert caught.value.billed == "no"


def test_unknown_failure_before_the_paying_request_is_raised_as_it_is() -> None:
    with pytest.raises(KeyError), not_billed(explain):
        raise KeyError("no")


# Retry-After


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after": "7"}, 7.0),
        ({"retry-after": "0.5"}, 0.5),
        ({"retry-after": "0"}, 0.0),
        ({"retry-after": "-1"}, None),
        ({"retry-after": "inf"}, None),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "soon"}, None),
        ({"retry-after-ms": "250", "retry-after": "7"}, 0.25),
        ({"retry-after-ms": "soon", "retry-after": "7"}, 7.0),
        ({"retry-after": "Wed, 21 Oct 2026 07:28:30 GMT", "date": "Wed, 21 Oct 2026 07:28:00 GMT"}, 30.0),
        ({"retry-after": "Wed, 21 Oct 2026 07:28:00 GMT", "date": "Wed, 21 Oct 2026 07:28:30 GMT"}, 0.0),
        ({"retry-after": "Wed, 21 Oct 2026 07:28:30 GMT"}, None),
        ({"retry-after": "Wed, 21 Oct 2026 07:28:30 GMT", "date": "today"}, None),
    ],
    ids=str,
)
def test_retry_after_is_read_in_every_form(headers: dict[str, str], seconds: float | None) -> None:
    assert retry_after(headers) == seconds


def test_retry_after_is_read_in_any_case_of_http_headers() -> None:
    assert retry_after(httpx2.Headers({"Retry-After": "7"})) == 7


@pytest.mark.parametrize("reason", ["WRONG_VERSION_NUMBER", "HTTP_REQUEST"])
def test_an_address_without_tls_is_a_fault_of_the_settings(reason: str) -> None:
    handshake = ssl.SSLError(1, f"[SSL: {reason}]")
    handshake.reason = reason
    error = httpx2.ConnectError("no handshake")
    error.__cause__ = handshake
    found = transport_error(error, "Acme")
    assert isinstance(found, Misconfigured)
    assert "write its base URL with http://" in found.hint
