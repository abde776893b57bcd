"""How the operator reaches the API server: by its pod's service account, else by the user's kubeconfig."""

import os

from kubernetes.aio import config
from kubernetes.aio.client import Configuration

from deskoperator.errors import CannotStart


async def client_configuration(file: str | None = None, context: str | None = None) -> Configuration:
    """Address and credentials for the official client. Raises `CannotStart` without any."""
    configuration = Configuration()
    try:
        if _in_a_pod() and file is None and context is None:
            config.load_incluster_config(client_configuration=configuration)  # type: ignore[no-untyped-call]
        else:
            await config.load_kube_config(file, context, client_configuration=configuration)  # type: ignore[no-untyped-call]
    except (config.ConfigException, OSError, ValueError) as error:
        raise CannotStart(
            f"no way to a cluster: {_line(error)}; set KUBECONFIG, or run in a pod with a service account"
        ) from error
    return configuration


def current_namespace(file: str | None = None, context: str | None = None) -> str:
    """The namespace that the kubeconfig's context names, else `default`; in a pod, its own."""
    if _in_a_pod() and file is None and context is None:
        return os.environ.get("POD_NAMESPACE", "default")
    try:
        contexts, active = config.list_kube_config_contexts(file)  # type: ignore[no-untyped-call]
    except (config.ConfigException, OSError) as error:
        raise CannotStart(f"no way to a cluster: {_line(error)}; set KUBECONFIG") from error
    chosen = active if context is None else next((one for one in contexts if one["name"] == context), active)
    return str(chosen["context"].get("namespace") or "default")


def _in_a_pod() -> bool:
    return "KUBERNETES_SERVICE_HOST" in os.environ and "KUBECONFIG" not in os.environ


def _line(error: Exception) -> str:
    return str(error).strip().splitlines()[0].rstrip(".") if str(error).strip() else type(error).__name__
