"""Google: images, videos, speech and music with an API key; Veo and Imagen in enterprise mode."""

from __future__ import annotations

from mediasmith.plugin.contract import Backend
from mediasmith_backends.google.client import Google, check, connect
from mediasmith_backends.google.dialogue import dialogue
from mediasmith_backends.google.errors import explain
from mediasmith_backends.google.image import image
from mediasmith_backends.google.imagen import imagen
from mediasmith_backends.google.imagen_edit import imagen_edit
from mediasmith_backends.google.music import music
from mediasmith_backends.google.sign_in import (
    API_KEYS,
    BUCKET,
    CREDENTIALS,
    ENTERPRISE_SWITCHES,
    GEMINI_URL,
    PROJECT_AND_LOCATION,
    QUOTA_PROJECT,
    STORAGE_HOST,
    TITLE,
    VERTEX_URL,
)
from mediasmith_backends.google.speech import speech
from mediasmith_backends.google.veo import veo
from mediasmith_backends.google.video import video

backend: Backend[Google] = Backend(
    name="google",
    title=TITLE,
    docs="https://ai.google.dev/gemini-api/docs",
    capabilities=(image, video, speech, dialogue, music, veo, imagen, imagen_edit),
    connect=connect,
    sdk="google.genai",
    keys=API_KEYS,
    switches=ENTERPRISE_SWITCHES,
    env=(
        *PROJECT_AND_LOCATION,
        CREDENTIALS,
        QUOTA_PROJECT,
        BUCKET,
    ),
    base_urls=(GEMINI_URL, VERTEX_URL, STORAGE_HOST),
    check=check,
    explain=explain,
)
