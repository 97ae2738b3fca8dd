"""Handle unknown tools and arguments: ignore arguments that clients add, and explain what the others should be."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from mediasmith.plugin.errors import InvalidRequest
from mediasmith.selection.near_matches import closest, suggest

ADDED_BY_CLIENTS = frozenset(
    {
        *("wait_for_previous", "waitForPreviousTools"),  # coding agents, to order their calls
        *("toolCallId", "sessionId", "action", "chatInput", "tool", "toolName", "root"),  # n8n
    }
)
"""Arguments that clients add to calls by themselves, seen in public reports until 2026-11. They are ignored."""

ADDED_PREFIX = "Prompt__User_Message_"
"""The prefix of the names that n8n gives to the prompt of an agent; they are ignored, too."""

_MAX_NAMED = 4
"""Backends to name."""

_MAX_SHOWN = 60
"""Characters of a caller's own text that a message repeats."""

_OTHER_TOOLS: Mapping[str, str] = {
    "continuation_id": "continue_edit",
    "job_id": "get_job",
    "cancel": "get_job",
    "prompts": "generate_media",
    "kind": "generate_media",
}

_MEANT: Mapping[str, Sequence[str]] = {
    "prompt": ("text", "description", "instruction", "message", "query", "input", "content", "script"),
    "prompts": ("texts", "descriptions", "batch"),
    "kind": ("type", "media_type", "modality", "operation", "task", "category"),
    "backend": ("provider", "service", "engine", "vendor"),
    "model": ("model_id", "model_name"),
    "image": (
        *("images", "image_url", "image_urls", "image_path", "image_paths", "input_image", "input_images"),
        *("reference_image", "reference_images", "init_image", "source_image", "base_image", "references"),
        *("ref_image", "ref_images", "img", "picture", "photo"),
    ),
    "mask": ("mask_image", "mask_url", "mask_path"),
    "first_frame": ("start_frame", "start_image", "first_image", "first_frame_image", "first_frame_url"),
    "last_frame": ("end_frame", "end_image", "last_image", "tail_image", "last_frame_image", "last_frame_url"),
    "audio": ("audio_url", "audio_path", "audio_file", "input_audio", "source_audio"),
    "video": ("video_url", "video_path", "video_file", "input_video", "source_video"),
    "voice_sample": ("voice_samples", "sample_audio"),
    "aspect_ratio": ("ratio", "aspect", "ar", "orientation"),
    "size": ("resolution", "dimensions", "image_size", "video_size", "width", "height"),
    "duration": ("length", "seconds", "duration_seconds", "duration_ms", "length_seconds"),
    "background": ("bg", "transparent", "transparency"),
    "output_format": (
        *("format", "file_format", "image_format", "audio_format", "response_format", "mime_type"),
        *("mime", "extension", "ext", "file_type", "filetype"),
    ),
    "voice": ("voice_id", "voice_name", "speaker", "speaker_id"),
    "voices": ("speakers", "voice_map"),
    "language": ("lang", "language_code", "locale", "target_language", "target_lang"),
    "instructions": ("style_instructions", "voice_instructions", "tone"),
    "speed": ("speaking_rate", "speech_rate"),
    "generate_audio": ("with_audio", "enable_audio", "include_audio", "sound"),
    "seed": ("random_seed",),
    "n": (
        "num_images",
        "number_of_images",
        "num_outputs",
        "num_results",
        "num_videos",
        "count",
        "number",
        "batch_size",
        "amount",
        "quantity",
        "variations",
        "variants",
        "samples",
    ),
    "draft": ("fast", "cheap"),
    "options": ("params", "parameters", "extra", "extra_params", "settings", "config", "provider_options"),
    "output": (
        *("output_path", "output_file", "output_dir", "output_directory", "output_folder", "output_filename"),
        *("filename", "file_name", "file_path", "filepath", "path", "save_path", "save_to", "save_as", "directory"),
        *("folder", "dest", "destination", "out"),
    ),
    "wait_seconds": ("wait", "timeout", "timeout_seconds", "max_wait"),
    "max_cost_usd": ("max_cost", "max_price", "budget", "cost_limit"),
    "dry_run": ("estimate", "simulate"),
    "request_id": ("idempotency_key", "idempotent_key", "client_token"),
    "continuation_id": ("id", "parent", "parent_id", "image_id", "file_id", "media_id", "artifact_id", "source_id"),
    "job_id": ("id", "job", "task_id"),
}
"""What other tools call each argument, in lower case with underscores."""


def is_added_by_client(name: str) -> bool:
    """Return whether clients add an argument of this name by themselves."""
    return name in ADDED_BY_CLIENTS or name.startswith(ADDED_PREFIX)


def unknown_tool(name: str, known: Sequence[str]) -> InvalidRequest:
    """Return the error for a tool that there is not."""
    shown = name[:_MAX_SHOWN]
    return InvalidRequest(f"There is no tool {shown!r}. {suggest(shown, known)}", billed="no")


def explain_unknown(name: str, known: Sequence[str], options: Mapping[str, Sequence[str]]) -> str:
    """Return what is wrong with an unknown argument and what to write instead.

    `known` are the tool's arguments, `options` those of backends by name, with the backends that have them.
    """
    shown = name[:_MAX_SHOWN]
    # Quoted with repr and cut: the name is the caller's text and may be anything.
    return f"There is no argument {shown!r}. {_advice(shown, known, options)}"


def _advice(name: str, known: Sequence[str], options: Mapping[str, Sequence[str]]) -> str:
    if backends := options.get(name):
        others = len(backends) - _MAX_NAMED
        more = f" and {others} more" if others > 0 else ""
        owners = f"{', '.join(backends[:_MAX_NAMED])}{more}"
        option = f'{name} is an option of {owners}: pass it in options, as {{"{name}": …}}.'
        meant = _meant(name, known)
        return f"Did you mean {meant}? Otherwise, {option}" if meant else option
    if tool := _OTHER_TOOLS.get(name):
        return f"It belongs to {tool}."
    if meant := find_argument(name, known):
        return f"Did you mean {meant}?"
    option = closest(name, list(options))
    return f"Did you mean {option}, in options?" if option else f"Known: {', '.join(known)}."


def find_argument(name: str, known: Sequence[str]) -> str:
    """Return which of the known arguments an unknown name means, or "": it is misspelt, or what other tools call it."""
    near = closest(name, [*known, *(other for meant in known for other in _MEANT.get(meant, ()))])
    return near if near in known else _meant(near, known)


def _meant(name: str, known: Sequence[str]) -> str:
    """Return the argument that other tools call by this name, or ""."""
    return next((one for one in known if name in _MEANT.get(one, ())), "")
