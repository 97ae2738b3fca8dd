"""The environment variables of the two ways to sign in, and what is missing for each.

An API key gives access to the Gemini API. Enterprise mode signs in with a Google Cloud account instead and offers other
models.
"""

from __future__ import annotations

import re

from mediasmith.plugin.access import Access

TITLE = "Google"
"""The provider's name in messages."""

API_KEYS = ("GOOGLE_API_KEY", "GEMINI_API_KEY")
"""The keys of the Gemini API; any one is enough."""

ENTERPRISE_SWITCHES = ("GOOGLE_GENAI_USE_ENTERPRISE", "GOOGLE_GENAI_USE_VERTEXAI")
"""Turn enterprise mode on or off; the first that is set decides."""

PROJECT_AND_LOCATION = ("GOOGLE_CLOUD_PROJECT", "GOOGLE_CLOUD_LOCATION")
"""Required in enterprise mode."""

CREDENTIALS = "GOOGLE_APPLICATION_CREDENTIALS"
"""The credentials file of enterprise mode; without it the machine's default credentials are used."""

QUOTA_PROJECT = "GOOGLE_CLOUD_QUOTA_PROJECT"
"""The project whose quota is charged, if it is another one."""

BUCKET = "GOOGLE_CLOUD_STORAGE_BUCKET"
"""The bucket, or a folder in one, to which Veo writes its videos; without it they come inline in an answer."""

OWN_URL = "https://generativelanguage.googleapis.com"
"""The base URL of the Gemini API."""

GEMINI_URL, VERTEX_URL = "GOOGLE_GEMINI_BASE_URL", "GOOGLE_VERTEX_BASE_URL"
"""The SDK's own variables for other base URLs, of the Gemini API and of enterprise mode."""

STORAGE_HOST = "STORAGE_EMULATOR_HOST"
"""The base URL of Cloud Storage, if it is not Google's own."""

BUCKET_NAME = r"[a-z0-9][a-z0-9._-]{1,220}[a-z0-9]"
"""The names that a bucket can have (https://cloud.google.com/storage/docs/buckets, read on 2026-11-21)."""

_BUCKET_URI = re.compile(f"gs://{BUCKET_NAME}(/.+)?")


def bucket_uri(access: Access) -> str:
    """Return the bucket, and the folder in it, as a `gs://` URI, or "" where none is set."""
    value = access.env.get(BUCKET, "")
    return value and f"gs://{value.removeprefix('gs://').strip('/')}"


def missing_key(access: Access) -> str:
    """Return why a capability of the Gemini API is not available, with the fix, or ""."""
    if access.switched:
        keys, switches = " or ".join(API_KEYS), " and ".join(ENTERPRISE_SWITCHES)
        return f"it needs an API key: set {keys}, unset {switches}, and restart the server"
    return ""


def missing_project(access: Access) -> str:
    """Return why a capability of enterprise mode is not available, with the fix, or ""."""
    unset = [name for name in PROJECT_AND_LOCATION if name not in access.env]
    if not access.switched:
        needed = " and ".join(unset or PROJECT_AND_LOCATION)
        return f"it needs enterprise mode: set {ENTERPRISE_SWITCHES[0]}=true and {needed}, and restart the server"
    return f"set {' and '.join(unset)} and restart the server" if unset else ""


def missing_project_or_bucket(access: Access) -> str:
    """Return what `missing_project` does, or that the bucket which is set cannot be one."""
    missing, uri = missing_project(access), bucket_uri(access)
    if missing or not uri or _BUCKET_URI.fullmatch(uri):
        return missing
    return (
        f"{BUCKET} is not a bucket: set it to my-bucket or gs://my-bucket/folder, or unset it, and restart the server"
    )
