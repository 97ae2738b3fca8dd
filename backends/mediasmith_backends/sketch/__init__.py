"""The sketch backend: local drafts, drawn from a prompt's words, with no key, no network and no cost."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager, nullcontext

from mediasmith.contract import Access, Backend
from mediasmith_backends.sketch.image import image


def _connect(_access: Access) -> AbstractAsyncContextManager[None]:
    return nullcontext()


backend: Backend[None] = Backend(
    name="sketch",
    title="Sketch (local drafts)",
    docs="https://pillow.readthedocs.io/",
    capabilities=(image,),
    connect=_connect,
)
