"""The models of the engines: those that the user names, else those of which the engine says what they make.

Where neither names one, none is sent, and the engine takes its own: most engines of one model do.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from datetime import date
from typing import Any
from urllib.parse import urlsplit

from mediasmith.plugin.access import Access
from mediasmith.plugin.contract import Call, ConfiguredModels, Model, Price
from mediasmith.plugin.errors import MediaError
from mediasmith.plugin.http_answers import Answer, Lenient, read_answer
from mediasmith.plugin.local_hosts import is_local_host
from mediasmith_backends.compatible.addresses import KINDS, Made, missing, settings_of, url_of
from mediasmith_backends.compatible.engine import Engine, Engines

OWN_MODEL = "default"
"""Stands for the model that the engine takes if none is named."""

_MAKES: dict[str, Made] = {
    **dict.fromkeys(("image_generation", "image_edit", "T2I", "I2I", "TI2I", "image", "edit"), "image"),
    **dict.fromkeys(("audio_speech", "tts", "speech", "audio"), "speech"),
    **dict.fromkeys(("video_generation", "T2V", "I2V", "TI2V", "V2V", "video"), "video"),
}
"""What a model makes, by the engines' own words."""

_MOST_LISTED = 20
"""Names of models that a note repeats."""


_FREE = Price(usd=0, per="call", as_of=date(2026, 11, 30), source="the user's own engine")


def _model(name: str, url: str, note: str = "") -> Model:
    """Return a model of the engine at this URL.

    In the local network it is the user's own, so that the model counts as free, and as one for drafts. What others
    charge is not known.
    """
    if is_local_host(urlsplit(url).hostname or ""):
        return Model(id=name, draft=True, prices=(_FREE,), note=note or "Counts as free: it is in the local network.")
    return Model(id=name, note=note or "What it costs is not known.")


def configured_models(access: Access) -> ConfiguredModels:
    """Return the models that are used unless an engine says which it has."""
    kinds: list[Made] = [kind for kind in KINDS if url_of(access, kind) and not missing(access, kind)]
    named = {kind: settings_of(access).named(kind) or (OWN_MODEL,) for kind in kinds}
    return ConfiguredModels(
        models={kind: tuple(_model(name, url_of(access, kind)) for name in named[kind]) for kind in kinds}
    )


def name_of(call: Call[Any, Any]) -> dict[str, str]:
    """Return the field that names the model, or none."""
    return {} if call.model.id == OWN_MODEL else {"model": call.model.id}


class _Architecture(Answer):
    output_modalities: Lenient[tuple[str, ...]] = None


class _Listed(Answer):
    """A model, with the hints of LiteLLM, SGLang, LocalAI, Lemonade and aggregators on what it makes."""

    id: str
    mode: Lenient[str] = None
    task_type: Lenient[str] = None
    supported_task_types: Lenient[tuple[str, ...]] = None
    capabilities: Lenient[tuple[str, ...]] = None
    labels: Lenient[tuple[str, ...]] = None
    architecture: Lenient[_Architecture] = None

    @property
    def hint(self) -> Sequence[str]:
        """The engine's own words for what it makes and does; none if it has none."""
        tasks = (*filter(None, (self.task_type,)), *(self.supported_task_types or ()))
        modalities = self.architecture.output_modalities if self.architecture else ()
        modes = (self.mode,) if self.mode else ()
        # LocalAI has a route of its own for videos.
        abilities = tuple(one for one in self.capabilities or () if one != "video")
        return modes or tasks or abilities or self.labels or modalities or ()

    def makes(self, kind: Made) -> bool:
        """Return whether a hint says that it makes this kind."""
        return any(_MAKES.get(word) == kind for word in self.hint)


class _List(Answer):
    data: tuple[Lenient[_Listed], ...]


async def served_models(kind: Made, client: Engines) -> Sequence[Model]:
    """Return the models of a kind, the default first; none if the engine says that it has none.

    Raises:
        MediaError: the engine cannot be asked.
    """
    engine = client[kind]
    if engine.named:
        return tuple(_model(name, engine.url) for name in engine.named)
    listed = await _listed(engine, "/models")
    if not any(one.hint for one in listed):
        with suppress(MediaError):
            listed = await _listed(engine, "/models/capabilities") or listed
    if any(one.hint for one in listed):
        return tuple(_model(one.id, engine.url) for one in listed if one.makes(kind))
    names = ", ".join(one.id for one in listed[:_MOST_LISTED])
    return (_model(OWN_MODEL, engine.url, f"The engine's own choice{f'; it lists {names}' if names else ''}."),)


async def _listed(engine: Engine, path: str) -> Sequence[_Listed]:
    answer = read_answer(await engine.get(path), _List, engine.name)
    return [one for one in answer.data if one]
