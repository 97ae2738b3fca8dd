"""The two ways to sign in, and what each variable says of them. What one way cannot do, its variables can change."""

from __future__ import annotations

import re

from mediasmith.plugin.contract import Access

API_KEYS = ("GOOGLE_API_KEY", "GEMINI_API_KEY")
"""The keys of the Gemini API; any one will do."""

SWITCHES = ("GOOGLE_GENAI_USE_ENTERPRISE", "GOOGLE_GENAI_USE_VERTEXAI")
"""What switches to enterprise mode. The first one that is set decides."""

PLACE = ("GOOGLE_CLOUD_PROJECT", "GOOGLE_CLOUD_LOCATION")
"""What enterprise mode cannot do without."""

QUOTA = "GOOGLE_CLOUD_QUOTA_PROJECT"
"""The project whose quota is used, where it is another one."""

BUCKET = "GOOGLE_CLOUD_STORAGE_BUCKET"
"""Where enterprise mode puts videos: a bucket, or a folder in one. Without it they come within an answer."""

BUCKET_NAME = r"[a-z0-9][a-z0-9._-]{1,220}[a-z0-9]"
"""What a bucket can be called (https://cloud.google.com/storage/docs/buckets, read on 2026-11-21)."""

STORAGE = "STORAGE_EMULATOR_HOST"
"""The address of the storage, where it is not the provider's own."""

_PLACE_OF_VIDEOS = re.compile(f"gs://{BUCKET_NAME}(/.+)?")


def bucket(access: Access) -> str:
    """Where videos shall be put, as `gs://` with a bucket and perhaps a folder in it; nothing when nobody said."""
    said = access.env.get(BUCKET, "")
    return said and f"gs://{said.removeprefix('gs://').strip('/')}"


def with_key(access: Access) -> str:
    """Why this is no way to use what needs a key, with the fix, or nothing."""
    if access.switched:
        return f"it needs an API key: set {' or '.join(API_KEYS)}, remove {' and '.join(SWITCHES)}, restart the server"
    return ""


def with_project(access: Access) -> str:
    """Why this is no way to use what needs enterprise mode, with the fix, or nothing."""
    lacking = [name for name in PLACE if name not in access.env]
    if not access.switched:
        wanted = " and ".join(lacking or PLACE)
        return f"it needs enterprise mode: set {SWITCHES[0]}=true with {wanted}, and restart the server"
    return f"set {' and '.join(lacking)} and restart the server" if lacking else ""


def with_storage(access: Access) -> str:
    """As `with_project`, for what puts its files into a bucket where one is named."""
    missing, place = with_project(access), bucket(access)
    if missing or not place or _PLACE_OF_VIDEOS.fullmatch(place):
        return missing
    return f"{BUCKET} names no bucket: set it as my-bucket or gs://my-bucket/folder, or remove it, restart the server"
