"""The two ways to sign in, and what each variable says of them. What one way cannot do, its variables can change."""

from __future__ import annotations

from mediasmith.contract import Access

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

STORAGE = "STORAGE_EMULATOR_HOST"
"""The address of the storage, where it is not the provider's own."""


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
