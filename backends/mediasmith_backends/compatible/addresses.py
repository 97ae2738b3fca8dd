"""Where the engines are and which models the user names: all that is known of them before they are asked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal, TypeAlias, get_args
from urllib.parse import urlsplit

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from mediasmith.plugin.access import Access

TITLE = "OpenAI-compatible engine"
"""What the backend is called."""

KEYS = ("MEDIASMITH_COMPATIBLE_API_KEY",)
"""The variable of the key, which few engines need."""

BASE_URL = "MEDIASMITH_COMPATIBLE_BASE_URL"
"""The variable of the URL at which an engine serves every kind that has no URL of its own."""

Made: TypeAlias = Literal["image", "speech", "video"]
"""The kinds that OpenAI has routes for."""

KINDS: tuple[Made, ...] = get_args(Made)
"""Those kinds."""

URLS: Mapping[Made, str] = {
    "image": "MEDIASMITH_COMPATIBLE_IMAGE_BASE_URL",
    "speech": "MEDIASMITH_COMPATIBLE_SPEECH_BASE_URL",
    "video": "MEDIASMITH_COMPATIBLE_VIDEO_BASE_URL",
}
"""The variables of the URLs of engines that make one kind alone."""

_USUAL_PATH = "/v1"


def _split(value: object) -> object:
    return [name for part in value.split(",") if (name := part.strip())] if isinstance(value, str) else value


_Names = Annotated[tuple[str, ...], BeforeValidator(_split)]


class CompatibleSettings(BaseModel):
    """What the user says of the engines: models by kind, the default first, and how many seconds an answer may take."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)

    image_models: _Names = ()
    speech_models: _Names = ()
    video_models: _Names = ()
    read_seconds: Annotated[float, Field(ge=1, le=3600)] = 900.0

    def named(self, kind: Made) -> tuple[str, ...]:
        """Return the models that the user names for a kind."""
        return {"image": self.image_models, "speech": self.speech_models, "video": self.video_models}[kind]


def models_variable(kind: Made) -> str:
    """Return the variable that names the models of a kind."""
    return f"MEDIASMITH_COMPATIBLE_{kind.upper()}_MODELS"


def settings_of(access: Access) -> CompatibleSettings:
    """Return what the user says of the engines."""
    return access.settings or CompatibleSettings()


def url_variable(access: Access, kind: Made) -> str:
    """Return the variable that sets the URL for a kind, or "" where none does."""
    return URLS[kind] if access.env.get(URLS[kind]) else BASE_URL if access.base_url else ""


def url_of(access: Access, kind: Made) -> str:
    """Return the URL of the engine for a kind, or "". Without a path, it is that of nearly all engines."""
    url = access.env.get(URLS[kind]) or access.base_url
    return url if not url or urlsplit(url).path.strip("/") else url.rstrip("/") + _USUAL_PATH


def missing(access: Access, kind: Made) -> str:
    """Return why an engine is not asked for a kind, with the fix, or "".

    Where the models of some kinds are named, an engine of several kinds is not asked for the others.
    """
    variable = url_variable(access, kind)
    if not variable:
        return f"set {BASE_URL} to the URL of an engine, such as http://localhost:8080/v1"
    settings = settings_of(access)
    sharing: list[Made] = [one for one in KINDS if url_variable(access, one) == variable]
    if not settings.named(kind) and any(map(settings.named, sharing)):
        return f"set {models_variable(kind)} to models of the engine that make this"
    return ""
