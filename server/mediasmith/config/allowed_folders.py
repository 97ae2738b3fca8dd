"""The folders that Mediasmith may read from and write to, and where its files go when nobody says."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from mediasmith.config.caller import LOCAL
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
    """The folders that files may be in, as real paths, and `output`, where results go when nobody says.

    Relative paths start at `base`: the working directory where that is allowed, else (None) at `output`. `shared` are
    the folders that the settings name for everyone; of `closed`, only allowed folders inside it are allowed. No folder
    is made here; that happens when a first file is written.

    Only a person's own command line is not `confined`: whoever types a path allows its use, wherever it leads.
    """

    output: Path
    allowed: tuple[Path, ...]
    base: Path | None = None
    shared: tuple[Path, ...] = ()
    closed: Path | None = None
    confined: bool = True

    @classmethod
    def find(cls, settings: Settings, cwd: Path | None = None, *, confined: bool = True) -> AllowedFolders:
        """The roots that these settings and this working directory (None: the process's own) give."""
        here = _here() if cwd is None else _real(cwd)
        project = here if here and _is_project(here) else None
        output = _real(settings.output_dir) if settings.output_dir else _default_output(project, settings)
        shared = tuple(_real(folder) for folder in settings.allowed_dirs)
        roots = [output, *([project] if project else []), *shared]
        allowed = tuple(dict.fromkeys(roots))
        base = here if here and (not confined or _is_within(here, allowed)) else None
        return cls(output=output, allowed=allowed, base=base, shared=shared, confined=confined)

    def of(self, principal: str) -> AllowedFolders:
        """The roots of one principal.

        Who is not the user of this machine has a folder of their own inside the output folder, and what is shared;
        neither the rest of the output folder nor the working directory.
        """
        if principal == LOCAL:
            return self
        name = hashlib.sha256(principal.encode()).hexdigest()[:32]
        own = self.output / f"principal-{name}"
        return AllowedFolders(output=own, allowed=(own, *self.shared), closed=_real(self.output))

    def confine(self, path: str | Path) -> Path:
        """The real path of an allowed one, symbolic links resolved; it need not exist. `~` is the home folder.

        Raises `NotAllowed` when it leads out of the allowed folders.
        """
        if not _is_path(path):
            raise NotAllowed("A path cannot contain NUL or half a character.")
        # Path.expanduser would raise where there is no such home.
        real = _real((self.base or self.output) / os.path.expanduser(path))  # noqa: PTH111
        if not self._allows(real):
            folders = ", ".join(str(folder) for folder in self.allowed)
            # Where links lead, and what the home folder is called, is nobody's business who is not at this machine.
            asked = path if self.closed else real
            raise NotAllowed(
                f"{asked} is outside the allowed folders: {folders}.",
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


def _real(path: Path) -> Path:
    """Without links and `..`. Other than Path.resolve it takes a circle of links as it is."""
    return Path(os.path.realpath(os.path.expanduser(path)))  # noqa: PTH111 - as in confine


def _here() -> Path | None:
    try:
        return Path(os.path.realpath(os.getcwd()))  # noqa: PTH109 - a string is what realpath wants
    except OSError:  # the working directory was removed
        return None


def _is_path(path: str | Path) -> bool:
    try:
        return b"\0" not in os.fsencode(path)
    except UnicodeEncodeError:  # JSON can carry half of a surrogate pair
        return False


def _is_within(path: Path, folders: Iterable[Path]) -> bool:
    return any(path.is_relative_to(folder) for folder in folders)


def _known(names: Iterable[str]) -> list[Path]:
    """The real paths of names with variables in them, as far as the variables are set."""
    expanded = (os.path.expanduser(os.path.expandvars(name)) for name in names)  # noqa: PTH111 - as in confine
    return [_real(Path(name)) for name in expanded if os.path.isabs(name)]  # noqa: PTH117 - still a string


def _is_project(folder: Path) -> bool:
    """Whether someone works in this folder: a client may as well have started the server anywhere."""
    temporary = _known(_TEMPORARY)
    if folder in {*temporary, *_known(_HOMES), Path(folder.anchor)}:
        return False
    around = [place for place in temporary if folder.is_relative_to(place)]
    for system in _known(_SYSTEM):
        if folder.is_relative_to(system) and not any(place.is_relative_to(system) for place in around):
            return False
    return os.access(folder, os.W_OK | os.X_OK) and folder.is_dir()


def _default_output(project: Path | None, settings: Settings) -> Path:
    # A link named "media" is left as it is: what it leads to is then refused, for a project's files may not
    # widen what is allowed.
    if project:
        return project / "media"
    pictures = _pictures()
    return _real(pictures if pictures and _can_be_made(pictures) else settings.data_dir / "media")


def _pictures() -> Path | None:
    import platformdirs  # noqa: PLC0415 - late: most servers know the folder by now

    try:
        folder = platformdirs.user_pictures_path() / "mediasmith"
    except RuntimeError:  # an account without a home folder; older versions give a relative path
        return None
    return folder if folder.is_absolute() else None


def _can_be_made(folder: Path) -> bool:
    existing = next(place for place in (folder, *folder.parents) if os.access(place, os.F_OK))
    return os.access(existing, os.W_OK | os.X_OK) and existing.is_dir()
