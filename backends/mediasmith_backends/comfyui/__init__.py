"""ComfyUI: the user's own workflows on the user's own engine, each file a model, through its plain HTTP API."""

from __future__ import annotations

from mediasmith.plugin.contract import Backend
from mediasmith_backends.comfyui.capabilities import CAPABILITIES
from mediasmith_backends.comfyui.client import Client, check, connect
from mediasmith_backends.comfyui.errors import KEYS, LOCAL_URL, TITLE, explain
from mediasmith_backends.comfyui.workflows import ComfyUISettings, configured_models

backend: Backend[Client] = Backend(
    name="comfyui",
    title=TITLE,
    docs="https://docs.comfy.org/development/comfyui-server/comms_routes",
    capabilities=CAPABILITIES,
    connect=connect,
    keys=KEYS,
    key_optional=True,
    local_url=LOCAL_URL,
    settings=ComfyUISettings,
    models=configured_models,
    check=check,
    explain=explain,
)
