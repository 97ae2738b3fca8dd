"""The errors: their texts, their records, and the tree in the module's docstring."""

from __future__ import annotations

import base64
import inspect
import math
import re
from collections.abc import Mapping

import pytest

from mediasmith.plugin import errors
from mediasmith.plugin.errors import (
    Billed,
    Cancelled,
    InvalidRequest,
    MediaError,
    Misconfigured,
    MissingKey,
    ModelGone,
    NothingSuitable,
    OutOfCredit,
    ProviderError,
    RateLimited,
    Refused,
    StateGone,
    TimedOut,
    Unreachable,
    error_from_record,
    error_record,
)

CLASSES = {
    name: one
    for name, one in vars(errors).items()
    if inspect.isclass(one) and issubclass(one, MediaError) and one.__module__ == errors.__name__
}


def documented_tree() -> dict[str, str]:
    """Return each error in the docstring's tree with its parent."""
    parents: dict[str, str] = {}
    path = ["MediaError"]
    for branch, name in re.findall(r"^([│ ]*[├└]── )(\w+) {2,}\S", errors.__doc__ or "", re.MULTILINE):
        depth = len(branch) // 4
        parents[name] = path[depth - 1]
        path[depth:] = [name]
    return parents


def test_docstring_has_the_tree_of_the_classes() -> None:
    assert (errors.__doc__ or "").split("\n")[2] == "MediaError"
    assert documented_tree() == {
        name: one.__bases__[0].__name__ for name, one in CLASSES.items() if one is not MediaError
    }


def test_every_error_has_a_docstring() -> None:
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
def test_text_says_what_happened_whether_it_was_billed_and_what_to_do(billed: Billed | None, spent: str) -> None:
    error = ProviderError("It broke.", "Try again.", billed=billed)
    assert str(error) == f"It broke.{spent} Try again."
    error.job_id = "j1"
    assert str(error) == f"It broke.{spent} Try again. Collect it with get_job, job_id j1."


EXAMPLES: Mapping[str, MediaError] = {
    **{name: one("It broke.") for name, one in CLASSES.items() if one not in {NothingSuitable, MissingKey}},
    "NothingSuitable": NothingSuitable("It broke.", passed_over={"acme": "needs audio"}),
    "MissingKey": MissingKey("acme", ["ACME_KEY"]),
}
"""One error of every class, with no hint of its own."""


@pytest.mark.parametrize("name", CLASSES)
def test_every_error_says_what_to_do_next(name: str) -> None:
    error = EXAMPLES[name]
    assert re.fullmatch(r"\S.+\.", error.next_step)
    assert str(error).endswith(error.next_step)
    assert "usual_next_step" in vars(CLASSES[name]), "the advice of another class"


def test_a_hint_replaces_the_usual_advice() -> None:
    assert str(ProviderError("It broke.", "Send it as PNG.")) == "It broke. Send it as PNG."


@pytest.mark.parametrize("kind", [ProviderError, Unreachable, TimedOut, MediaError])
def test_what_may_have_been_billed_is_not_to_be_repeated_at_once(kind: type[MediaError]) -> None:
    assert str(kind("It broke.", billed="unknown")) == (
        "It broke. It may have been billed, so it was not sent again. "
        "Check the provider's usage page before calling again."
    )


def test_what_can_be_collected_is_not_to_be_repeated() -> None:
    error = TimedOut("It is still at work.", billed="yes")
    error.job_id = "j1"
    assert str(error) == "It is still at work. It was billed. Collect it with get_job, job_id j1."


def test_billed_can_be_set_later() -> None:
    error = ProviderError("It broke.")
    error.billed = "yes"
    assert str(error) == "It broke. It was billed. Call again, or name another backend. Another call is billed again."


def test_errors_that_are_never_billed_say_so_by_default() -> None:
    for kind in (RateLimited, OutOfCredit, ModelGone, StateGone):
        assert kind("No.").billed == "no"
        assert kind("No.", billed="unknown").billed == "unknown"
    for kind in (MediaError, InvalidRequest, Refused, ProviderError):
        assert kind("No.").billed is None


def test_nothing_suitable_has_every_reason() -> None:
    error = NothingSuitable("No backend can.", "Ask for less.", passed_over={"a": "no key", "b": "too long"})
    assert str(error) == "No backend can. a: no key; b: too long. Nothing was billed. Ask for less."
    assert error.passed_over == {"a": "no key", "b": "too long"}
    alone = NothingSuitable("No backend can.", passed_over={})
    assert (
        str(alone) == "No backend can. Nothing was billed. list_backends says what each one takes and what is missing."
    )


def test_missing_key_names_the_variables() -> None:
    error = MissingKey("google", ["GOOGLE_API_KEY", "GEMINI_API_KEY"])
    assert str(error) == (
        "google has no key. Nothing was billed. Set GOOGLE_API_KEY or GEMINI_API_KEY and restart the server."
    )
    assert error.variables == ("GOOGLE_API_KEY", "GEMINI_API_KEY")


def test_rejected_key_is_to_be_corrected() -> None:
    assert str(MissingKey("acme", ["ACME_KEY"], rejected=True)) == (
        "acme does not accept its key. Nothing was billed. Correct ACME_KEY and restart the server."
    )


def test_attributes_can_be_read() -> None:
    assert Refused("No.", reason="violence").reason == "violence"
    assert RateLimited("Later.", retry_after=2.5).retry_after == 2.5


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.2, "1 s"), (30, "30 s"), (119, "119 s"), (290, "5 minutes"), (7_200, "2 hours"), (100_000, "28 hours")],
)
def test_the_pause_that_a_provider_asks_for_is_told(seconds: float, words: str) -> None:
    hint = f"Wait {words} and call again, or name another backend."
    assert RateLimited("Slow down.", retry_after=seconds).hint == hint


@pytest.mark.parametrize("seconds", [None, 0, -1, math.nan, math.inf])
def test_no_pause_is_told_where_there_is_no_advice(seconds: float | None) -> None:
    assert RateLimited("Slow down.", retry_after=seconds).hint == ""


@pytest.mark.parametrize("kind", CLASSES.values(), ids=CLASSES)
def test_error_is_restored_from_its_record(kind: type[MediaError]) -> None:
    record: dict[str, str | None] = {
        "type": kind.__name__,
        "message": "It broke.",
        "hint": "Wait.",
        "billed": "unknown",
    }
    error = error_from_record(record, job_id="j1")
    assert type(error) is kind
    assert error_record(error) == record
    sent_once = "" if kind is Cancelled else ", so it was not sent again"  # a cancelled job is not wanted again
    assert str(error) == f"It broke. It may have been billed{sent_once}. Wait. Collect it with get_job, job_id j1."
    if isinstance(error, NothingSuitable | MissingKey | Misconfigured | Refused | RateLimited):
        carried = {"passed_over", "variables", "reason", "retry_after"} & vars(type(error)).keys()
        assert not any(getattr(error, name) for name in carried)


def test_incomplete_record_is_an_error() -> None:
    for record in (None, {}, {"type": "Gone", "message": ""}, {"type": "SystemExit"}):
        error = error_from_record(record)
        assert type(error) is MediaError
        assert error.message == "It failed for an unknown reason."


def test_backends_with_the_same_reason_are_named_together() -> None:
    passed = {"a": "needs audio", "b": "cannot dub", "c": "cannot dub"}
    error = NothingSuitable("No backend can make this dubbing.", passed_over=passed)
    assert "No backend can make this dubbing. a: needs audio; b, c: cannot dub." in str(error)
    assert error.passed_over == passed


def test_a_file_in_base64_is_not_repeated() -> None:
    data = base64.b64encode(bytes(range(256))).decode()
    assert (
        str(InvalidRequest(f"image: '{data[:120]}…' does not exist.", "Look."))
        == "image: '[data]…' does not exist. Look."
    )
    assert str(InvalidRequest("No.", f"It is not data:image/png;base64,{data}")) == "No. It is not [data]"
