"""What a call asks of a model that stands in no table here: OpenRouter is asked what it takes, before anything is paid.

Such models are named by callers. OpenRouter leaves out, without a word, much of what a model does not take.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

from mediasmith.plugin.contract import Accepts, Call, Params, Range, Request
from mediasmith.plugin.errors import InvalidRequest
from mediasmith.plugin.params import WORDS
from mediasmith_backends.openrouter.client import Router
from mediasmith_backends.openrouter.errors import TITLE
from mediasmith_backends.openrouter.models import Known

P = TypeVar("P", bound=Params)


def fitted(call: Call[Router, P], model: Known) -> Call[Router, P]:
    """The call as this model does it, without the advisory words that it does not take.

    Raises:
        InvalidRequest: it does not take another one.
    """
    given = call.params.model_dump(exclude_defaults=True)
    lacking = [word for word, value in given.items() if not _takes(model.accepts.get(word, True), value)]
    for word in lacking:
        reason = f"{TITLE} {_accepted(word, model.accepts[word])} with {model.id}"
        if word not in WORDS or WORDS[word].binding:
            raise InvalidRequest(f"{reason}.", billed="no")
        call.warn(f"{reason}; it was left out.")
    params = call.params.model_copy(update=dict.fromkeys(lacking))
    return replace(call, model=model, params=params)


def refused(call: Request[P], refuses: Callable[[Request[P]], str]) -> None:
    """Look once more at what goes together, which a saved file in place of its state may have changed.

    Raises:
        InvalidRequest: it does not.
    """
    if reason := refuses(call):
        raise InvalidRequest(f"{TITLE} {reason}.", billed="no")


def _takes(accepts: Accepts, value: object) -> bool:
    if isinstance(accepts, Range):
        return isinstance(value, int | float) and accepts.low <= value <= accepts.high
    return value in accepts if isinstance(accepts, tuple) else accepts


def _accepted(word: str, accepts: Accepts) -> str:
    if isinstance(accepts, Range):
        return f"takes {word} from {accepts.low:.10g} to {accepts.high:.10g}"
    return f"takes {word} {', '.join(map(str, accepts))}" if isinstance(accepts, tuple) else f"does not take {word}"
