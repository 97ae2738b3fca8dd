"""Find the folders that files may be read from and written to, and the default folder for results."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from mediasmith.config.caller import LOCAL
from mediasmith.config.data_folder import can_be_created
from mediasmith.config.settings import Settings
from mediasmith.plugin.errors import NotAllowed

_SYSTEM = (
    *("/bin", "/boot", "/dev", "/etc", "/lib", "/lib64", "/proc", "/sbin", "/sys", "/usr"),
    *("/System", "/Applications", "/Library", "~/Library"),
    *("%SystemRoot%", "%ProgramFiles%", "%ProgramFiles(x86)%", "%ProgramData%", "~/AppData"),
)
_HOMES = ("~", "/home", "/Users")
_TEMPORARY = ("/tmp", "/var/tmp", "$TMPDIR", "%TEMP%", "%TMP%")  # noqa: S108 - recognised, not written to


@dataclass(frozen=True, kw_only=True)
class AllowedFolders:
    """The `allowed` folders, as real paths, and `output`, where results go by default.

    Relative paths start at `base`: the working directory if it is allowed; if that is None, at `output`. `shared` are
    the folders that the settings allow to every principal. Inside `closed`, a path is allowed only by an allowed folder
    that is itself inside `closed`. Folders are created when the first file is written, not here.

    A replica of a fleet writes results to no folder, and only what the settings allow is shared by all replicas.

    Only a person's own command line is not `confined`: typing a path allows its use, wherever it leads.
    """

    output: Path
    allowed: tuple[Path, ...]
    base: Path | None = None
    shared: tuple[Path, ...] = ()
    closed: Path | None = None
    confined: bool = True

    @classmethod
    def find(cls, settings: Settings, cwd: Path | None = None, *, confined: bool = True) -> AllowedFolders:
        """Return the allowed folders for these settings and a working directory, by default that of this process."""
        working = _working_folder() if cwd is None else _real_path(cwd)
        if settings.in_fleet:
            return cls._of_a_replica(settings, None if confined else working, confined=confined)
        project = working if working and _is_project(working) else None
        output = _real_path(settings.output_dir) if settings.output_dir else _default_output(project, settings)
        shared = tuple(_real_path(folder) for folder in settings.allowed_dirs)
        folders = [output, *([project] if project else []), *shared]
        allowed = tuple(dict.fromkeys(folders))
        base = working if working and (not confined or _is_within(working, allowed)) else None
        return cls(output=output, allowed=allowed, base=base, shared=shared, confined=confined)

    @classmethod
    def _of_a_replica(cls, settings: Settings, base: Path | None, *, confined: bool) -> AllowedFolders:
        shared = tuple(_real_path(folder) for folder in settings.allowed_dirs)
        output = _real_path(settings.data_dir / "media")
        return cls(output=output, allowed=shared, base=base, shared=shared, confined=confined)

    def for_principal(self, principal: str) -> AllowedFolders:
        """Return the allowed folders of a principal.

        The user of this machine has all of them. Others have a folder of their own inside the output folder and the
        shared folders, but neither the rest of the output folder nor the working directory. Where results are written
        to no folder, all have the shared ones.
        """
        if principal == LOCAL or self.output not in self.allowed:
            return self
        name = hashlib.sha256(principal.encode()).hexdigest()[:32]
        own = self.output / f"principal-{name}"
        return AllowedFolders(output=own, allowed=(own, *self.shared), closed=_real_path(self.output))

    def confine(self, path: str | Path) -> Path:
        """Return the real path, with links resolved; it need not exist. `~` is the home folder.

        Raises:
            NotAllowed: the path leads out of the allowed folders, or is not a path.
        """
        if not _is_path(path):
            raise NotAllowed("A path cannot contain a NUL character or an unpaired surrogate.")
        # Path.expanduser would raise if there is no such home folder.
        real = _real_path((self.base or self.output) / os.path.expanduser(path))  # noqa: PTH111
        if not self._allows(real):
            if not self.allowed:
                raise NotAllowed(
                    "Files cannot be given by their paths here: this server is one of several, on other disks.",
                    "Give a media://, https:// or data: URI; or set MEDIASMITH_ALLOWED_DIRS to a folder on a disk that "
                    "all servers share, and restart them.",
                )
            folders = ", ".join(str(folder) for folder in self.allowed)
            # Other principals must not learn where links lead and what the home folder is called.
            shown = path if self.closed else real
            raise NotAllowed(
                f"{shown} is outside the allowed folders: {folders}.",
                "Use a path in one of them, or add a folder to MEDIASMITH_ALLOWED_DIRS and restart the server.",
            )
        return real

    def _allows(self, real: Path) -> bool:
        if not self.confined:
            return True
        folders = self.allowed
        if self.closed and real.is_relative_to(self.closed):
            folders = tuple(folder for folder in folders if self.closed in folder.parents)
        return _is_within(real, folders)


def _real_path(path: Path) -> Path:
    """Return the path without links and `..`. Unlike Path.resolve, this accepts a circle of links."""
    return Path(os.path.realpath(os.path.expanduser(path)))  # noqa: PTH111 - as in confine


def _working_folder() -> Path | None:
    try:
        return Path(os.path.realpath(os.getcwd()))  # noqa: PTH109 - realpath takes a string
    except OSError:  # the working directory was removed
        return None


def _is_path(path: str | Path) -> bool:
    try:
        return b"\0" not in os.fsencode(path)
    except UnicodeEncodeError:  # JSON can carry half of a surrogate pair
        return False


def _is_within(path: Path, folders: Iterable[Path]) -> bool:
    return any(path.is_relative_to(folder) for folder in folders)


def _expand(names: Iterable[str]) -> list[Path]:
    """Return the real paths of names with variables in them, without those whose variables are not set."""
    expanded = (os.path.expanduser(os.path.expandvars(name)) for name in names)  # noqa: PTH111 - as in confine
    return [_real_path(Path(name)) for name in expanded if os.path.isabs(name)]  # noqa: PTH117 - still a string


def _is_project(folder: Path) -> bool:
    """Return whether this looks like a folder that someone works in: a client may start the server anywhere."""
    temporary = _expand(_TEMPORARY)
    if folder in {*temporary, *_expand(_HOMES), Path(folder.anchor)}:
        return False
    around = [place for place in temporary if folder.is_relative_to(place)]
    for system in _expand(_SYSTEM):
        if folder.is_relative_to(system) and not any(place.is_relative_to(system) for place in around):
            return False
    return os.access(folder, os.W_OK | os.X_OK) and folder.is_dir()


def _default_output(project: Path | None, settings: Settings) -> Path:
    # A link named "media" is not resolved, so that its target is refused: files in a project must not allow more.
    if project:
        return project / "media"
    pictures = _pictures()
    return _real_path(pictures if pictures and can_be_created(pictures) else settings.data_dir / "media")


def _pictures() -> Path | None:
    import platformdirs  # noqa: PLC0415 - late: rarely needed

    try:
        folder = platformdirs.user_pictures_path() / "mediasmith"
    except RuntimeError:  # an account without a home folder; older versions return a relative path
        return None
    return folder if folder.is_absolute() else None
