"""A fake of xAI as tests hold it: started as a process, scripted, and asked what it was asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from functools import cached_property
from typing import Any, Literal

from typing_extensions import override

from fakes.held import FakeProcess, process

KEY = "xai-0123456789abcdef"
"""A key that the provider takes. It takes any but those of `errors`."""

IMAGE = "POST /xai_api.Image/GenerateImage"
VIDEO = "POST /xai_api.Video/GenerateVideo"
EXTENSION = "POST /xai_api.Video/ExtendVideo"
POLL = "POST /xai_api.Video/GetDeferredVideo"
UPLOAD = "POST /xai_api.Files/UploadFile"
MODELS = "POST /xai_api.Models/ListImageGenerationModels"
DOWNLOAD = "GET /xai-video/{name}"
"""The names of requests: a call of gRPC is a POST to the full name of its method."""


class FakeXAI(FakeProcess):
    """A running fake of xAI: calls by gRPC, and files by plain HTTP.

    In its log a call's `path` is its method, its `body` the message as JSON and its `status` the number of the gRPC
    status, 0 when all is well.
    """

    paying = (IMAGE, VIDEO, EXTENSION)

    @cached_property
    def base_url(self) -> str:
        """Where the calls go."""
        return f"grpc://127.0.0.1:{self._control('GET', '/_port')}"

    def env(self) -> dict[str, str]:
        """The variables with which a server process is signed in here. They let it download from here, too."""
        return {"XAI_API_KEY": KEY, "MEDIASMITH_XAI_BASE_URL": self.base_url}

    def settings(
        self,
        *,
        polls: int = 2,
        credit: Literal["plenty", "spent", "none"] = "plenty",
        retired: Sequence[str] = (),
        shortest: float = 2.0,
    ) -> None:
        """Set how often new videos say "not yet", what is paid in, which models are gone, and what can be extended.

        The credit is `spent`, or there was never any (`none`). Only videos of `shortest` seconds and more can be
        extended.
        """
        self._set(polls=polls, credit=credit, retired=list(retired), shortest=shortest)

    @override
    def script(self, request: str, *answers: Mapping[str, object]) -> None:
        """Answer the next requests of this kind so, one after the other, and then normally again.

        An answer to a call has any of `code` (of gRPC, by name) with `details` and `metadata`, `body` (the answer in
        JSON, with the field names of the message), `delay` (seconds), `hang`, `reset`, `truncate`, `drip`, `garbage`
        (bytes that are no message), `fixed` ("png" or "jpeg": the picture of 1.5 MB) and `times`. Without code and
        body the normal one follows. Requests of plain HTTP are scripted as those of every fake.
        """
        if "/xai_api." in request:
            self.plan(request, answers)
        else:
            super().script(request, *answers)

    def plan(self, request: str, answers: Sequence[Mapping[str, object]]) -> None:
        """Answer the next calls so: of this method, or any that are "paying" or "free"."""
        self._control("POST", "/_plan", {"request": request, "answers": answers})

    def clear(self) -> None:
        """Forget the log and the scripts, but nothing that was made."""
        self._control("POST", "/_clear")

    def bodies(self, request: str) -> Sequence[Any]:
        """What the requests with this very name brought, in order."""
        return [entry["body"] for entry in self.log() if f"{entry['method']} {entry['path']}" == request]


def running() -> AbstractContextManager[FakeXAI]:
    """A fake of one's own. It ends with the block, or with the process that started it."""
    return process("fakes.xai", FakeXAI)
