"""What is changed in the files that come with kind."""

from tests.cluster import node_image

UNIT = "[Service]\nExecStart=/usr/local/bin/containerd\nTasksMax=infinity\nOOMScoreAdjust=-999\n\n[Install]\n"
SETTINGS = """\
version = 2

[proxy_plugins]
[proxy_plugins."fuse-overlayfs"]
  address = "/run/x.sock"

[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "some/pause:3.10"
  restrict_oom_score_adj = false
"""


def test_containerd_is_debians_and_keeps_its_out_of_memory_score() -> None:
    changed = node_image.containerd_unit(UNIT)
    assert changed == "[Service]\nExecStart=/usr/bin/containerd\nTasksMax=infinity\n\n[Install]\n"


def test_containerd_uses_the_pause_image_at_hand_and_no_plugin_that_is_not_there() -> None:
    changed = node_image.containerd_settings(SETTINGS, pause="other/pause:4")
    assert changed == (
        'version = 2\n\n[plugins."io.containerd.grpc.v1.cri"]\n'
        '  sandbox_image = "other/pause:4"\n  restrict_oom_score_adj = true\n'
    )


def test_the_storage_manifest_is_joined_from_its_go_source() -> None:
    source = (
        'const helper = "a/helper:1"\nconst defaultStorageManifest = `\nimage: ` + helper + `\nname: x\n`\n// end `\n'
    )
    assert node_image.default_storage_manifest(source) == "\nimage: a/helper:1\nname: x\n"
