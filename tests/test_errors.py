"""The errors: what they say, and that the tree in the module's docstring is true."""

from __future__ import annotations

import inspect
import re

import pytest

from mediasmith.plugin import errors
from mediasmith.plugin.errors import (
    Billed,
    InvalidRequest,
    MediaError,
    MissingKey,
    ModelGone,
    NothingSuitable,
    OutOfCredit,
    ProviderError,
    RateLimited,
    Refused,
    StateGone,
    TimedOut,
    Unsuitable,
    error_from_record,
)
from mediasmith.plugin.http_errors import error_for_status, unreachable_error

CLASSES = {
    name: one
    for name, one in vars(errors).items()
    if inspect.isclass(one) and issubclass(one, MediaError) and one.__module__ == errors.__name__
}


def drawn() -> dict[str, str]:
    """Each error in the docstring's tree with its parent."""
    parents: dict[str, str] = {}
    path = ["MediaError"]
    for branch, name in re.findall(r"^([│ ]*[├└]── )(\w+) {2,}\S", errors.__doc__ or "", re.MULTILINE):
        depth = len(branch) // 4
        parents[name] = path[depth - 1]
        path[depth:] = [name]
    return parents


def test_the_tree_in_the_docstring_is_the_tree_of_the_classes() -> None:
    assert (errors.__doc__ or "").split("\n")[2] == "MediaError"
    assert drawn() == {name: one.__bases__[0].__name__ for name, one in CLASSES.items() if one is not MediaError}


def test_every_error_says_what_it_is() -> None:
    for one in CLASSES.values():
        assert one.__doc__
        assert one.__doc__ != MediaError.__doc__ or one is MediaError


@pytest.mark.parametrize(
    ("billed", "spent"),
    [
        ("no", " Nothing was billed."),
        ("unknown", " It may have been billed, so it was not sent again."),
        ("yes", " It was billed."),
        (None, ""),
    ],
)
def test_an_error_says_what_happened_what_was_spent_what_to_do_and_what_to_collect(
    billed: Billed | None, spent: str
) -> None:
    error = ProviderError("It broke.", "Try again.", billed=billed)
    assert str(error) == f"It broke.{spent} Try again."
    error.job_id = "j1"
    assert str(error) == f"It broke.{spent} Try again. Collect it with get_job, job_id j1."


def test_what_there_is_nothing_to_say_about_is_left_out() -> None:
    error = MediaError("It broke.")
    assert (str(error), error.message, error.hint, error.billed, error.job_id) == (
        "It broke.",
        "It broke.",
        "",
        None,
        "",
    )


def test_what_was_spent_can_be_filled_in_later() -> None:
    error = MediaError("It broke.")
    error.billed = "yes"
    assert str(error) == "It broke. It was billed."


def test_errors_that_cost_nothing_say_so_unless_they_know_better() -> None:
    for kind in (RateLimited, OutOfCredit, ModelGone, StateGone):
        assert kind("No.").billed == "no"
        assert kind("No.", billed="unknown").billed == "unknown"
    for kind in (MediaError, InvalidRequest, Refused, ProviderError):
        assert kind("No.").billed is None


def test_nothing_suitable_gives_every_reason() -> None:
    error = NothingSuitable("No backend can.", "Ask for less.", passed_over={"a": "no key", "b": "too long"})
    assert str(error) == "No backend can. a: no key; b: too long. Nothing was billed. Ask for less."
    assert error.passed_over == {"a": "no key", "b": "too long"}
    assert str(NothingSuitable("No backend can.", passed_over={})) == "No backend can. Nothing was billed."


def test_a_missing_key_names_the_variables() -> None:
    error = MissingKey("google", ["GOOGLE_API_KEY", "GEMINI_API_KEY"])
    assert str(error) == (
        "google has no key. Nothing was billed. Set GOOGLE_API_KEY or GEMINI_API_KEY and restart the server."
    )
    assert error.variables == ("GOOGLE_API_KEY", "GEMINI_API_KEY")


def test_a_key_that_is_not_accepted_is_to_be_corrected() -> None:
    assert str(MissingKey("acme", ["ACME_KEY"], rejected=True)) == (
        "acme does not accept its key. Nothing was billed. Correct ACME_KEY and restart the server."
    )


@pytest.mark.parametrize(
    ("status", "kind", "billed", "said"),
    [
        (400, InvalidRequest, "no", "Acme does not accept the request (400): Too long."),
        (401, MissingKey, "no", "Acme does not accept its key."),
        (402, OutOfCredit, "no", "The account at Acme has no credit left: Too long."),
        (403, Unsuitable, "no", "Acme does not allow this account to do that: Too long."),
        (404, ModelGone, "no", "Acme does not know this model: Too long."),
        (408, TimedOut, None, "Acme did not answer in time: Too long."),
        (413, InvalidRequest, "no", "Acme does not accept the request (413): Too long."),
        (429, RateLimited, "no", "Acme is asked too often: Too long."),
        (451, Refused, "no", "Acme declined to make this: Too long."),
        (500, ProviderError, None, "Acme answered 500: Too long."),
        (503, ProviderError, "no", "Acme is overloaded: Too long."),
        (504, TimedOut, None, "Acme did not answer in time: Too long."),
    ],
)
def test_a_status_has_one_meaning(status: int, kind: type[MediaError], billed: Billed | None, said: str) -> None:
    error = error_for_status(status, "Acme", keys=["ACME_KEY"], detail=" Too long. ", retry_after=3)
    assert (type(error), error.billed, error.message) == (kind, billed, said)
    if isinstance(error, RateLimited):
        assert error.retry_after == 3


def test_a_status_alone_makes_a_sentence() -> None:
    assert error_for_status(500, "Acme").message == "Acme answered 500."
    assert error_for_status(429, "Acme").message == "Acme is asked too often."


def test_what_an_error_carries_can_be_read() -> None:
    assert Refused("No.", reason="violence").reason == "violence"
    assert RateLimited("Later.", retry_after=2.5).retry_after == 2.5


@pytest.mark.parametrize("kind", CLASSES.values(), ids=CLASSES)
def test_an_error_can_be_restored_from_its_record(kind: type[MediaError]) -> None:
    record = {"type": kind.__name__, "message": "It broke.", "hint": "Wait.", "billed": "unknown"}
    error = error_from_record(record, job_id="j1")
    assert type(error) is kind
    assert str(error) == (
        "It broke. It may have been billed, so it was not sent again. Wait. Collect it with get_job, job_id j1."
    )
    if isinstance(error, NothingSuitable | MissingKey | Refused | RateLimited):
        carried = {"passed_over", "variables", "reason", "retry_after"} & vars(type(error)).keys()
        assert not any(getattr(error, name) for name in carried)


def test_a_record_that_says_little_is_still_an_error() -> None:
    for record in (None, {}, {"type": "Gone", "message": ""}, {"type": "SystemExit"}):
        error = error_from_record(record)
        assert type(error) is MediaError
        assert str(error) == "It failed, and nothing more is known."


def test_backends_that_cannot_for_the_same_reason_are_named_together() -> None:
    passed = {"a": "needs audio", "b": "makes no dubbing", "c": "makes no dubbing"}
    error = NothingSuitable("No backend can make this dubbing.", passed_over=passed)
    assert "No backend can make this dubbing. a: needs audio; b, c: makes no dubbing." in str(error)
    assert error.passed_over == passed


def test_who_cannot_be_reached_is_told_with_what_to_look_at() -> None:
    error = unreachable_error("Acme")
    assert error.billed == "no"
    assert str(error).startswith("Acme cannot be reached. Nothing was billed. Check the network and the proxy")
