"""Fal: images, videos, speech, music and sounds of some 1,400 endpoints, through one queue and by plain HTTP."""

from __future__ import annotations

from mediasmith.plugin.contract import Backend
from mediasmith_backends.fal import capabilities
from mediasmith_backends.fal.catalog import search
from mediasmith_backends.fal.client import Client, connect
from mediasmith_backends.fal.errors import KEYS, TITLE, explain
from mediasmith_backends.fal.prices import check

backend: Backend[Client] = Backend(
    name="fal",
    title=TITLE,
    docs="https://fal.ai/docs",
    capabilities=(
        capabilities.image,
        capabilities.edit,
        capabilities.video,
        capabilities.frames,
        capabilities.speech,
        capabilities.music,
        capabilities.sound_effect,
    ),
    connect=connect,
    keys=KEYS,
    search=search,
    check=check,
    explain=explain,
)
