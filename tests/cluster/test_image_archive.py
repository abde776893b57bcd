"""The image writer, read back."""

import hashlib
import io
import json
import tarfile
from pathlib import Path

from tests.cluster.image_archive import Image, LayerWriter, write_archive


def _layer(path: Path) -> Path:
    source = path.with_suffix(".source")
    source.write_text("#!/bin/sh\n")
    with tarfile.open(path, "w") as tar:
        layer = LayerWriter(tar)
        layer.file("/usr/local/bin/tool", source)
        layer.text("/etc/tool/settings", "a: 1\n")
        layer.link("/usr/bin/tool", "/usr/local/bin/tool")
        layer.directory("/var/lib/tool")
    return path


def test_a_layer_has_every_directory_above_an_entry_exactly_once(tmp_path: Path) -> None:
    with tarfile.open(_layer(tmp_path / "a.tar")) as tar:
        names = tar.getnames()
        directories = [member.name for member in tar if member.isdir()]
        tool = tar.getmember("usr/local/bin/tool")
    assert len(names) == len(set(names))
    assert directories == [
        "usr",
        "usr/local",
        "usr/local/bin",
        "etc",
        "etc/tool",
        "usr/bin",
        "var",
        "var/lib",
        "var/lib/tool",
    ]
    assert (tool.mode, tool.uid, tool.mtime) == (0o755, 0, 0)


def test_the_manifest_names_each_images_layers_by_their_hash(tmp_path: Path) -> None:
    shared, own = _layer(tmp_path / "a.tar"), tmp_path / "b.tar"
    with tarfile.open(own, "w") as tar:
        LayerWriter(tar).text("/note", "b")
    archive = tmp_path / "images.tar"
    first = Image("first:1", (shared,), "arm64", entrypoint=("/usr/local/bin/tool",), stop_signal="SIGRTMIN+3")
    write_archive(archive, [first, Image("second:1", (shared, own), "arm64", environment=("A=1",))])

    with tarfile.open(archive) as tar:
        contents = {member.name: _read(tar, member) for member in tar}
    manifest = json.loads(contents["manifest.json"])
    assert [entry["RepoTags"] for entry in manifest] == [["first:1"], ["second:1"]]
    assert manifest[0]["Layers"] == manifest[1]["Layers"][:1]
    assert len(contents) == 2 + 2 + 1  # layers, configurations, manifest
    for entry in manifest:
        configuration = json.loads(contents[entry["Config"]])
        assert configuration["architecture"] == "arm64"
        digests = [f"sha256:{hashlib.sha256(contents[layer]).hexdigest()}" for layer in entry["Layers"]]
        assert configuration["rootfs"]["diff_ids"] == digests
    assert json.loads(contents[manifest[0]["Config"]])["config"]["StopSignal"] == "SIGRTMIN+3"
    assert "A=1" in json.loads(contents[manifest[1]["Config"]])["config"]["Env"]


def test_equal_input_gives_equal_bytes(tmp_path: Path) -> None:
    archives = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        target = tmp_path / name / "images.tar"
        write_archive(target, [Image("a:1", (_layer(tmp_path / name / "a.tar"),), "amd64")])
        archives.append(target.read_bytes())
    assert archives[0] == archives[1]


def _read(tar: tarfile.TarFile, member: tarfile.TarInfo) -> bytes:
    content = tar.extractfile(member) or io.BytesIO()
    return content.read()
