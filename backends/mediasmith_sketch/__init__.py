"""The sketch backend: local drafts, drawn from a prompt's words, with no key, no network and no cost."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager, nullcontext

from mediasmith.plugin.access import Access
from mediasmith.plugin.contract import Backend
from mediasmith_sketch.animation.render_slots import RenderSlots
from mediasmith_sketch.image import image
from mediasmith_sketch.speech import speech
from mediasmith_sketch.video import video


def _connect(_access: Access) -> AbstractAsyncContextManager[RenderSlots]:
    return nullcontext(RenderSlots())


backend: Backend[RenderSlots] = Backend(
    name="sketch",
    title="Sketch (local drafts)",
    docs="https://pillow.readthedocs.io/",
    capabilities=(image, video, speech),
    connect=_connect,
)
