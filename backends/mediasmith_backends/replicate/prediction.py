"""Predictions, as Replicate calls its jobs: polled and cancelled by their ids."""

from __future__ import annotations

from functools import partial
from typing import Annotated, Any
from urllib.parse import quote

from anyio import to_thread
from pydantic import BaseModel, ConfigDict, Field, FiniteFloat

from mediasmith.plugin.contract import JSON, Cancellation, Context, Failed, Pending, Result
from mediasmith.plugin.error_words import clause, error_text
from mediasmith.plugin.errors import Cancelled, ProviderError
from mediasmith.plugin.http_answers import Answer, Lenient, Status, read_answer
from mediasmith.plugin.http_errors import error_for_failed_work, retry_after
from mediasmith.plugin.kinds import MediaType
from mediasmith_backends.replicate.client import Client
from mediasmith_backends.replicate.errors import TITLE
from mediasmith_backends.replicate.output_files import files_in, words_in

_PENDING = {"starting": "waiting for the model to start", "processing": "processing"}
"""The statuses of work that goes on.

The others are those of docs/topics/predictions/lifecycle at replicate.com. Only work that was `aborted`, which is
before it began, is surely not charged (replicate.com/changelog/2025-10-16-prediction-deadlines).
"""

_GONE = "results are deleted an hour after they were made"


class PredictionHandle(BaseModel):
    """A prediction by its id, and what it makes.

    The URLs that the answer names for it are not kept: what is asked with the token is asked at the base URL.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)

    id: Annotated[str, Field(min_length=1)]
    makes: MediaType


class Created(Answer):
    """The answer to a request for a prediction."""

    id: Annotated[str, Field(min_length=1)]


class _Metrics(Answer):
    predict_time: Lenient[FiniteFloat] = None


class _Prediction(Answer):
    status: Status
    output: Any = None
    error: Any = None
    data_removed: Lenient[bool] = None
    metrics: Lenient[_Metrics] = None

    @property
    def reason(self) -> str:
        """Why it has ended, in Replicate's words."""
        return error_text(self.error) or self.status


async def poll(context: Context[Client], handle: PredictionHandle) -> Pending | Result | Failed:
    """Ask for a prediction."""
    response = await context.client.request("GET", _path(handle))
    prediction = await to_thread.run_sync(read_answer, response.content, _Prediction, TITLE)
    if message := _PENDING.get(prediction.status):
        return Pending(message=message, after=retry_after(response.headers))
    match prediction.status:
        case "succeeded":
            return await to_thread.run_sync(partial(_result, prediction, handle, response.content))
        case "failed":
            return Failed(error=error_for_failed_work(TITLE, prediction.reason, what=f"the {handle.makes}"))
        case "canceled":
            return Failed(error=Cancelled(f"The {handle.makes} was cancelled at {TITLE}.", billed="unknown"))
        case "aborted":
            return Failed(error=Cancelled(f"The {handle.makes} was cancelled at {TITLE} before it began.", billed="no"))
        case _:
            raise _unknown(prediction)


def _result(prediction: _Prediction, handle: PredictionHandle, content: bytes) -> Result | Failed:
    """Return the files of a prediction that succeeded; blocking."""
    texts = words_in(prediction.output)
    files = files_in(prediction.output, handle.makes)
    if not files:
        words = _GONE if prediction.data_removed or prediction.output is None else " ".join(texts)
        message = f"The {handle.makes} was made, but {TITLE} has no file of it{clause(words)}."
        return Failed(error=ProviderError(message, billed="yes", answer=content))
    details: dict[str, JSON] = {"text": "\n".join(texts)} if texts else {}
    if prediction.metrics and prediction.metrics.predict_time is not None:
        details["predict_seconds"] = prediction.metrics.predict_time
    return Result(outputs=tuple(files), details=details)


async def cancel(context: Context[Client], handle: PredictionHandle) -> Cancellation:
    """Ask for a prediction to be cancelled."""
    response = await context.client.request("POST", f"{_path(handle)}/cancel")
    prediction = read_answer(response.content, _Prediction, TITLE)
    match prediction.status:
        case "canceled" | "aborted":
            return "stopped"
        case "starting" | "processing":
            return "asked"
        case "succeeded" | "failed":
            return "too late"
        case _:
            raise _unknown(prediction)


def _path(handle: PredictionHandle) -> str:
    return f"/predictions/{quote(handle.id, safe='')}"


def _unknown(prediction: _Prediction) -> ProviderError:
    return ProviderError(f"{TITLE} answered with a status that is not known: {prediction.status[:60]}.")
