"""Choose the data folder if none is set: the user's, or a temporary one if that cannot be written to."""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from functools import cache
from pathlib import Path

_NAME = "mediasmith"
_RISK = "which may be emptied when the machine or container restarts"


def default_data_folder() -> Path:
    """Return the folder for the library; a temporary one is created at once, for this user alone."""
    usual = _usual()
    if usual and can_be_created(usual):
        return usual
    import tempfile  # noqa: PLC0415 - heavy: needed only here

    try:
        return _temporary(tempfile.gettempdir())
    except OSError:  # there is no place at all, which the first call will report
        return usual or Path(os.sep, _NAME)


def unusual_folder(folder: Path) -> str:
    """Return a sentence if `default_data_folder` had to choose another folder than the user's usual one, or ""."""
    usual = _usual()
    if folder == usual:
        return ""
    why = f"{usual} cannot be written to" if usual else "there is no home folder"
    return f"MEDIASMITH_DATA_DIR is not set and {why}; using {folder}, {_RISK}"


def loss_warning(data_folder: Path, results: Path) -> str:
    """Return a warning about results in this folder if the data folder is a temporary one, or ""."""
    import tempfile  # noqa: PLC0415 - heavy

    if not data_folder.name.startswith(_NAME) or data_folder.parent != Path(tempfile.gettempdir()):
        return ""
    lost = "The files are" if results.is_relative_to(data_folder) else "What continuation ids need is"
    return f"{lost} kept in {data_folder}, {_RISK}. Set MEDIASMITH_DATA_DIR to a folder that lasts."


def can_be_created(folder: Path) -> bool:
    """Return whether files can be created in a folder, which need not exist."""
    existing = next((place for place in (folder, *folder.parents) if os.access(place, os.F_OK)), folder)
    return os.access(existing, os.W_OK | os.X_OK) and existing.is_dir()


def _usual() -> Path | None:
    import platformdirs  # noqa: PLC0415 - heavy: needed only if the folder is not set

    try:
        folder = platformdirs.user_data_path("mediasmith", appauthor=False)
    except RuntimeError:  # an account without a home folder; older versions return a relative path
        return None
    return folder if folder.is_absolute() else None


@cache
def _temporary(place: str) -> Path:
    """Return a folder in this place that only this user can access.

    Others may create folders there, too. A folder of that name that is not this user's is left alone.
    """
    if not hasattr(os, "getuid"):  # on Windows, the place itself is the user's
        folder = Path(place, _NAME)
        folder.mkdir(exist_ok=True)
        return folder
    import tempfile  # noqa: PLC0415 - heavy

    folder = Path(place, f"{_NAME}-{os.getuid()}")
    with suppress(FileExistsError):
        folder.mkdir(mode=0o700)
    found = folder.lstat()
    if stat.S_ISDIR(found.st_mode) and found.st_uid == os.getuid():
        folder.chmod(0o700)
        return folder
    return Path(tempfile.mkdtemp(prefix=f"{_NAME}-", dir=place))
