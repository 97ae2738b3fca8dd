"""Delete saved files."""

from __future__ import annotations

import stat
from pathlib import Path

from mediasmith.plugin.errors import MediaError
from mediasmith.storage.artifacts.folder import reason


def delete_file(path: Path, size: int) -> bool:
    """Delete the file that was saved at `path` with this size; return False if another file is there now. This blocks.

    A file that is gone counts as deleted.

    Raises:
        MediaError: the disk does not allow it.
    """
    try:
        found = path.lstat()
        if not stat.S_ISREG(found.st_mode) or found.st_size != size:
            return False
        path.unlink()
    except FileNotFoundError:
        return True
    except OSError as error:
        raise MediaError(f"{path} cannot be deleted: {reason(error)}.", "Nothing was changed.") from error
    return True
