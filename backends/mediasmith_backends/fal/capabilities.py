"""What fal makes: for each kind the endpoints that are known, and every other one by its id."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeAlias

from mediasmith.plugin.contract import Capability, Model, Takes
from mediasmith.plugin.kinds import Kind, Role
from mediasmith_backends.fal import catalog, endpoints, queue
from mediasmith_backends.fal.client import Client
from mediasmith_backends.input_schema import SchemaModel, refuses
from mediasmith_backends.schema_params import PARAMS

_PREFERENCE = 2
"""Below the providers themselves, and below the aggregator that needs no endpoint to be chosen."""

_SECONDS = 3600.0
"""How long a request is waited for: the queue drops none, and may be long."""


_Lookup: TypeAlias = Callable[[Client, str], Awaitable[Model | None]]


def _capability(
    kind: Kind,
    name: str,
    models: tuple[SchemaModel, ...],
    *,
    takes: Mapping[Role, Takes] | None = None,
    lookup: _Lookup | None = None,
) -> Capability[Client, Any]:
    return Capability(
        kind=kind,
        name=name,
        params=PARAMS[kind],
        models=models,
        start=queue.start,
        poll=queue.poll,
        cancel=queue.cancel,
        handle=queue.QueuedRequest,
        takes=takes or {},
        edits="image" if takes and "image" in takes else None,
        deadline=_SECONDS,
        preference=_PREFERENCE,
        refuses=refuses,
        discover=catalog.discover(models),
        lookup=lookup,
    )


image = _capability("image", "image", endpoints.IMAGE_MODELS, lookup=catalog.lookup("image"))
"""Images from words; an endpoint that takes images is found here, too, if it is named by its id."""

edit = _capability(
    *("image", "edit", endpoints.EDIT_MODELS),
    takes={"image": Takes(max=10, required=True)},
    lookup=catalog.lookup("image", "image"),
)
"""Images from words and images."""

video = _capability("video", "video", endpoints.VIDEO_MODELS, lookup=catalog.lookup("video"))
"""Videos from words; as with images, by its id any."""

frames = _capability(
    *("video", "image_to_video", endpoints.FRAME_MODELS),
    takes={"first_frame": Takes(required=True), "last_frame": Takes()},
)
"""Videos from a first frame, and perhaps a last one."""

speech = _capability("speech", "speech", endpoints.SPEECH_MODELS, lookup=catalog.lookup("speech"))
"""Texts read aloud."""

music = _capability("music", "music", endpoints.MUSIC_MODELS, lookup=catalog.lookup("music"))
"""Music."""

sound_effect = _capability(
    "sound_effect", "sound_effect", endpoints.SOUND_MODELS, lookup=catalog.lookup("sound_effect")
)
"""Sounds."""
