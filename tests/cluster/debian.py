"""What is taken from Debian's packages: programs for this machine (as root), and root file systems for images."""

import os
import shutil
from collections.abc import Sequence
from pathlib import Path

from tests.cluster.cache import cache_directory, forget_others, new_entry, only_one_at_a_time, recipe_key
from tests.cluster.commands import progress, run, succeeds
from tests.cluster.errors import ClusterError, MissingProgramError

SUITE = "bookworm"

_LEFT_OUT = ("/usr/share/doc/*", "/usr/share/man/*", "/usr/share/locale/*", "/usr/share/info/*")
_TIDY_HOOK = 'rm -rf "$1"/var/lib/apt/lists/* "$1"/var/cache/apt/* "$1"/var/log/*'


def require_packages(packages: Sequence[str], why: str) -> None:
    """Installs missing Debian packages and notes them as ours. Raises MissingProgramError where that cannot be."""
    missing = [package for package in packages if not is_installed(package)]
    if not missing:
        return
    wanted = ", ".join(missing)
    if shutil.which("apt-get") is None or os.geteuid() != 0:
        raise MissingProgramError(
            f"{why}: that takes root and Debian's packages ({wanted}), or the programs already there"
        )
    with progress(f"installing {wanted} ({why})"), only_one_at_a_time("apt"):
        before = _installed_packages()
        _install(missing)
        _note_as_ours(_installed_packages() - before)


def is_installed(package: str) -> bool:
    """Whether dpkg knows the package as installed."""
    try:
        return run(["dpkg-query", "-W", "-f", "${Status}", package]).endswith(" installed")
    except ClusterError:
        return False


def installed_by_us() -> list[str]:
    """The packages that were missing before `require_packages` and are still here."""
    try:
        noted = _note().read_text().split()
    except FileNotFoundError:
        return []
    return [package for package in noted if is_installed(package)]


def remove_installed_by_us() -> None:
    """Removes them again, their settings too."""
    packages = installed_by_us()
    if packages:
        with progress(f"removing {', '.join(packages)}"):
            run(["apt-get", "purge", "-y", *packages], environment=_QUIETLY)
    _note().unlink(missing_ok=True)


def root_file_system(name: str, packages: Sequence[str], *, hooks: Sequence[str] = ()) -> Path:
    """A tar with these packages and what they need, made once. Hooks: shell lines run at the end on its root `$1`."""
    target = root_file_system_path(name, packages, hooks=hooks)
    with only_one_at_a_time(f"root-file-system-{name}"):
        if not target.exists():
            require_packages(["mmdebstrap"], f"making the {name} root file system from Debian's packages")
            with progress(f"making the {name} root file system"), new_entry(target) as unfinished:
                run(_mmdebstrap(packages, hooks, unfinished))
            forget_others(target)
    return target


def root_file_system_path(name: str, packages: Sequence[str], *, hooks: Sequence[str] = ()) -> Path:
    """Where that tar lies in the cache; its name tells the recipe."""
    key = recipe_key(*(str(part) for part in _mmdebstrap(packages, hooks, Path())))
    return cache_directory() / "root-file-systems" / f"{name}-{key}.tar"


_QUIETLY = {"DEBIAN_FRONTEND": "noninteractive"}


def _mmdebstrap(packages: Sequence[str], hooks: Sequence[str], target: Path) -> list[str | Path]:
    return [
        *("mmdebstrap", "--variant=minbase", "--format=tar", f"--include={','.join(packages)}"),
        *(f"--dpkgopt=path-exclude={pattern}" for pattern in _LEFT_OUT),
        *(f"--customize-hook={hook}" for hook in (*hooks, _TIDY_HOOK)),
        *(SUITE, target),
    ]


def _install(packages: Sequence[str]) -> None:
    command = ["apt-get", "install", "-y", "--no-install-recommends", *packages]
    if not succeeds(command, timeout_seconds=600):
        run(["apt-get", "update"])
        run(command, environment=_QUIETLY)


def _installed_packages() -> set[str]:
    listed = run(["dpkg-query", "-W", "-f", "${Package} ${Status}\n"])
    return {line.split()[0] for line in listed.splitlines() if line.endswith(" installed")}


def _note_as_ours(packages: set[str]) -> None:
    _note().write_text("\n".join(sorted(packages | set(installed_by_us()))) + "\n")


def _note() -> Path:
    return cache_directory() / "installed-packages"
