"""The models that OpenRouter itself lists, and what each takes. What is wrong in a list is left out.

A list is fetched when callers look at it, and when they name a model that it did not have.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Literal

from pydantic import FiniteFloat

from mediasmith.plugin.contract import Accepts, Price, Range
from mediasmith.plugin.kinds import Role
from mediasmith_backends.openrouter.client import Answered, Kept, Router
from mediasmith_backends.openrouter.models import (
    IMAGE_MODELS,
    PAGE,
    REFERENCES,
    SILENT,
    VIDEO_MODELS,
    Known,
    image_accepts,
)

_IMAGES, _VIDEOS = "/images/models", "/videos/models"

_MOST = 16
"""How many pictures any request may show."""


class _Form(Answered):
    type: Kept[str] = None
    values: Kept[tuple[str, ...]] = None
    min: Kept[FiniteFloat] = None
    max: Kept[FiniteFloat] = None


class _Image(Answered):
    id: str
    supported_parameters: dict[str, Kept[_Form]]


class _Images(Answered):
    data: tuple[Kept[_Image], ...]


class _Video(Answered):
    id: str
    supported_aspect_ratios: Kept[tuple[str, ...]] = None
    supported_resolutions: Kept[tuple[str, ...]] = None
    supported_sizes: Kept[tuple[str, ...]] = None
    supported_durations: Kept[tuple[int, ...]] = None
    supported_frame_images: Kept[tuple[Literal["first_frame", "last_frame"], ...]] = None
    generate_audio: Kept[bool] = None
    seed: Kept[bool] = None
    pricing_skus: Kept[dict[str, Kept[FiniteFloat]]] = None


class _Videos(Answered):
    data: tuple[Kept[_Video], ...]


async def image_models(client: Router) -> Sequence[Known]:
    """Those that make pictures of a single request."""
    found = await client.get(_IMAGES, _Images)
    return _kept(client, _IMAGES, [_image_model(item) for item in found.data if item], IMAGE_MODELS)


async def video_models(client: Router) -> Sequence[Known]:
    """Those that make videos."""
    found = await client.get(_VIDEOS, _Videos)
    return _kept(client, _VIDEOS, [_video_model(item) for item in found.data if item], VIDEO_MODELS)


async def image_model(client: Router, name: str) -> Known | None:
    """One that makes pictures, if it is listed."""
    if name not in client.listed.get(_IMAGES, ()):
        await image_models(client)
    return client.listed[_IMAGES].get(name)


async def video_model(client: Router, name: str) -> Known | None:
    """One that makes videos, if it is listed."""
    if name not in client.listed.get(_VIDEOS, ()):
        await video_models(client)
    return client.listed[_VIDEOS].get(name)


def _kept(client: Router, path: str, found: Sequence[Known], known: Sequence[Known]) -> Sequence[Known]:
    """The known ones first, as they are known to be beside what is listed."""
    listed = {model.id: model for model in found}
    first = {
        model.id: replace(
            listed[model.id],
            draft=model.draft,
            retires=model.retires,
            prices=listed[model.id].prices or model.prices,
            note=model.note,
        )
        for model in known
        if model.id in listed
    }
    client.listed[path] = {**first, **listed, **first}
    return tuple(client.listed[path].values())


def _image_model(item: _Image) -> Known:
    taken = {word: _taken(form) for word, form in item.supported_parameters.items()}
    ratios = taken.get("aspect_ratio")
    if isinstance(ratios, tuple):
        taken["aspect_ratio"] = tuple(ratio for ratio in ratios if ratio != "auto")
    references, tiers = taken.get("input_references", False), taken.get("resolution", False)
    if "size" not in taken:  # no pixels, so that the tiers are all there is
        taken["size"] = tiers
    return Known(
        id=item.id,
        accepts=image_accepts(taken),
        roles={"image": int(references.high) if isinstance(references, Range) else _MOST if references else 0},
        tiers=tuple(map(str, tiers)) if isinstance(tiers, tuple) else (),
    )


def _taken(form: _Form | None) -> Accepts:
    """What a descriptor says; one that is not known says that there is such a word."""
    if form and form.type == "enum" and form.values:
        return form.values
    if form and form.type == "range" and form.min is not None and form.max is not None:
        return Range(low=form.min, high=form.max)
    return True


def _video_model(item: _Video) -> Known:
    accepts: dict[str, Accepts] = {
        "aspect_ratio": item.supported_aspect_ratios or True,
        "size": (*(item.supported_resolutions or ()), *(item.supported_sizes or ())) or True,
        "duration": item.supported_durations or True,
        "seed": item.seed is not False,
        "generate_audio": SILENT if item.generate_audio is False else True,
    }
    # The list does not tell who looks at references: all look at pictures, few at the rest.
    watches = item.id.startswith("bytedance/seedance-2")
    roles: dict[Role, int] = {"image": REFERENCES, "audio": int(watches), "video": int(watches)}
    return Known(
        id=item.id,
        accepts=accepts,
        roles={**roles, **dict.fromkeys(item.supported_frame_images or (), 1)},
        prices=tuple(_prices(item)),
    )


_PER_SECOND = "per-video-second"


def _prices(item: _Video) -> Iterator[Price]:
    """Prices by the second, of all videos or of one resolution; others are by tokens that nobody can count before."""
    today = datetime.now(UTC).date()
    for sku, usd in (item.pricing_skus or {}).items():
        name, _, size = sku.partition(f"{_PER_SECOND}-")
        if usd is not None and usd >= 0 and (sku == _PER_SECOND or (size and not name)):
            when = {"size": size} if size else {}
            yield Price(usd=usd, per="second", when=when, as_of=today, source=PAGE + item.id)
