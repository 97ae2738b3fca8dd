"""Where made files go, and how they get there whole: the only part that knows where bytes live.

A file is written under a temporary name in its own folder, synced, and then given its name, which never overwrites
another file. The folder is checked and opened before anything is paid, and files are opened relative to it, so that
nothing else can be put in its place in between.
"""

from __future__ import annotations

from mediasmith.artifacts.destination import ROOM, Destination
from mediasmith.artifacts.names import filename, new_id
from mediasmith.artifacts.sink import Facts, FileSink

__all__ = ["ROOM", "Destination", "Facts", "FileSink", "filename", "new_id"]
