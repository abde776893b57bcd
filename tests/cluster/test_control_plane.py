"""The bare control plane, on real processes."""

import json

import pytest

from tests.cluster.control_plane import ControlPlane
from tests.cluster.errors import ClusterError

pytestmark = pytest.mark.apiserver


def test_the_api_server_answers_and_the_controllers_run(control_plane: ControlPlane) -> None:
    namespaces = json.loads(control_plane.kubectl("get", "namespaces", "-o", "json"))["items"]
    assert {"default", "kube-system"} <= {namespace["metadata"]["name"] for namespace in namespaces}
    assert "default" in control_plane.kubectl("get", "serviceaccount", "-n", "default")


def test_a_refusal_is_told_in_the_servers_own_words(control_plane: ControlPlane) -> None:
    with pytest.raises(ClusterError, match=r'the server doesn.t have a resource type "horses"'):
        control_plane.kubectl("get", "horses")


def test_another_user_may_do_nothing_until_told(control_plane: ControlPlane) -> None:
    kubeconfig = control_plane.kubeconfig_for("somebody")
    with pytest.raises(ClusterError, match='User "somebody" cannot list resource "secrets"'):
        control_plane.kubectl("get", "secrets", "--kubeconfig", str(kubeconfig))


def test_what_was_stored_outlives_a_stop_of_the_api_server_and_nothing_outlives_the_block() -> None:
    with ControlPlane.start() as own:
        own.kubectl("create", "configmap", "note", "--from-literal=text=kept")
        own.stop_api_server()
        with pytest.raises(ClusterError, match="refused"):
            own.kubectl("get", "configmap", "note")
        own.start_api_server()
        assert "kept" in own.kubectl("get", "configmap", "note", "-o", "yaml")
        directory = own.kubeconfig.parent
    assert not directory.exists()
    with pytest.raises(ClusterError):
        own.kubectl("get", "configmap", "note")
