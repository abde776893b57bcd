"""The wheels that go into the images, fetched on the host by the hashes of the locked requirements.

They are chosen for the interpreter and C library of the image, not for those of the host: the host may have another
Python, and even an equal one has another patch release, which some markers ask about.
"""

import platform
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from packaging.markers import Marker

from tests.cluster.cache import cache_directory, forget_others, new_entry, only_one_at_a_time, recipe_key
from tests.cluster.commands import progress, run

PYTHON_VERSION = "3.11"
IMAGE_PARTS = ("build", "operator", "bot")
_PATCH_RELEASES = ("3.11.0", "3.11.99")  # a marker that holds for either end may hold in the image
GLIBC = 36  # Debian 12 has glibc 2.36: the newest manylinux wheels that run there


def ensure_wheels(requirements: Path) -> Path:
    """A directory with every wheel that the image's locks in that directory name."""
    locks = [requirements / f"{part}.txt" for part in IMAGE_PARTS]
    key = recipe_key(*(path.read_text() for path in locks), *_interpreter())
    target = cache_directory() / "wheels" / f"wheels-{key}"
    with only_one_at_a_time("wheels"):
        if not target.exists():
            with progress("fetching the wheels for the images"), new_entry(target) as unfinished:
                unfinished.mkdir()
                for path in locks:
                    _download(path, unfinished)
            forget_others(target)
    return target


def applicable(locked: str) -> str:
    """The locked requirements that may apply in the image, without their markers, with their hashes."""
    kept: list[str] = []
    applies = True
    for line in locked.splitlines():
        if line and not line[0].isspace() and not line.startswith("#"):
            requirement, _, marker = line.removesuffix("\\").rstrip().partition(" ; ")
            applies = not marker or _may_hold(marker)
            continued = " \\" if line.endswith("\\") else ""
            line = f"{requirement}{continued}"  # noqa: PLW2901
        if applies:
            kept.append(line)
    return "\n".join(kept) + "\n"


def _may_hold(marker: str) -> bool:
    environment = {"python_version": PYTHON_VERSION, "platform_machine": platform.machine(), **_CPYTHON_ON_LINUX}
    return any(
        Marker(marker).evaluate({**environment, "python_full_version": release, "implementation_version": release})
        for release in _PATCH_RELEASES
    )


_CPYTHON_ON_LINUX = {
    "implementation_name": "cpython",
    "platform_python_implementation": "CPython",
    "os_name": "posix",
    "platform_system": "Linux",
    "sys_platform": "linux",
    "extra": "",
}


def _download(path: Path, target: Path) -> None:
    with TemporaryDirectory() as directory:
        requirements = Path(directory) / path.name
        requirements.write_text(applicable(path.read_text()))
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--require-hashes", "--no-deps"]
        run([*command, "--only-binary=:all:", *_interpreter(), "--requirement", requirements, "--dest", target])


def _interpreter() -> list[str]:
    """What pip is told about the image's interpreter."""
    machine = platform.machine()
    platforms = [*(f"manylinux_2_{minor}_{machine}" for minor in range(GLIBC, 4, -1)), f"manylinux2014_{machine}"]
    abi = f"cp{PYTHON_VERSION.replace('.', '')}"
    return [
        *("--implementation", "cp", "--python-version", PYTHON_VERSION),
        *(f"--abi={name}" for name in (abi, "abi3", "none")),
        *(f"--platform={name}" for name in platforms),
    ]
