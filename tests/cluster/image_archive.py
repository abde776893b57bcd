"""Writes container images without a builder: a docker archive is a tar of layers, configurations and a manifest.

`docker load` and `ctr images import` read it. Equal input gives equal bytes: all times are zero, all owners root.
"""

import hashlib
import io
import json
import tarfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

_PATH = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_EPOCH = "1970-01-01T00:00:00Z"


@dataclass(frozen=True)
class Image:
    """An image: its full name with tag, its layers (uncompressed tars, lowest first), and what runs in it."""

    name: str
    layers: tuple[Path, ...]
    architecture: str
    entrypoint: tuple[str, ...] = ()
    environment: tuple[str, ...] = ()
    stop_signal: str | None = None


class LayerWriter:
    """Writes one layer; directories above an entry come by themselves."""

    def __init__(self, tar: tarfile.TarFile) -> None:
        self._tar = tar
        self._directories: set[str] = {"."}

    def file(self, place: str, source: Path, *, mode: int = 0o755) -> None:
        """A copy of a file."""
        with source.open("rb") as content:
            self._tar.addfile(self._entry(place, mode, size=source.stat().st_size), content)

    def text(self, place: str, content: str, *, mode: int = 0o644) -> None:
        """A file with this content."""
        data = content.encode()
        self._tar.addfile(self._entry(place, mode, size=len(data)), io.BytesIO(data))

    def link(self, place: str, target: str) -> None:
        """A symbolic link."""
        entry = self._entry(place, 0o777)
        entry.type, entry.linkname = tarfile.SYMTYPE, target
        self._tar.addfile(entry)

    def directory(self, place: str) -> None:
        """A directory that may stay empty."""
        path = PurePosixPath(place.lstrip("/"))
        for parent in [*reversed(path.parents), path]:
            self._ensure_directory(str(parent))

    def _entry(self, place: str, mode: int, size: int = 0) -> tarfile.TarInfo:
        path = PurePosixPath(place.lstrip("/"))
        self.directory(str(path.parent))
        entry = tarfile.TarInfo(str(path))
        entry.mode, entry.size = mode, size
        return entry

    def _ensure_directory(self, place: str) -> None:
        if place not in self._directories:
            self._directories.add(place)
            entry = tarfile.TarInfo(place)
            entry.type, entry.mode = tarfile.DIRTYPE, 0o755
            self._tar.addfile(entry)


def write_archive(target: Path, images: Sequence[Image]) -> None:
    """Writes the images into one archive; a layer that several share is written once."""
    digests = {layer: _digest(layer) for image in images for layer in image.layers}
    with tarfile.open(target, "w") as tar:
        for digest, layer in {digest: layer for layer, digest in digests.items()}.items():
            _add_file(tar, f"{digest}/layer.tar", layer)
        manifest = [_add_image(tar, image, [digests[layer] for layer in image.layers]) for image in images]
        _add_bytes(tar, "manifest.json", json.dumps(manifest).encode())


def _add_image(tar: tarfile.TarFile, image: Image, digests: list[str]) -> dict[str, object]:
    configuration = json.dumps(_configuration(image, digests), sort_keys=True).encode()
    name = f"{hashlib.sha256(configuration).hexdigest()}.json"
    _add_bytes(tar, name, configuration)
    return {"Config": name, "RepoTags": [image.name], "Layers": [f"{digest}/layer.tar" for digest in digests]}


def _configuration(image: Image, digests: list[str]) -> dict[str, object]:
    container: dict[str, object] = {"Env": [_PATH, *image.environment], "WorkingDir": "/"}
    if image.entrypoint:
        container["Entrypoint"] = list(image.entrypoint)
    if image.stop_signal is not None:
        container["StopSignal"] = image.stop_signal
    return {
        "architecture": image.architecture,
        "os": "linux",
        "created": _EPOCH,
        "config": container,
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{digest}" for digest in digests]},
        "history": [{"created": _EPOCH} for _ in digests],
    }


def _digest(path: Path) -> str:
    with path.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def _add_file(tar: tarfile.TarFile, name: str, source: Path) -> None:
    entry = tarfile.TarInfo(name)
    entry.size = source.stat().st_size
    with source.open("rb") as content:
        tar.addfile(entry, content)


def _add_bytes(tar: tarfile.TarFile, name: str, data: bytes) -> None:
    entry = tarfile.TarInfo(name)
    entry.size = len(data)
    tar.addfile(entry, io.BytesIO(data))
