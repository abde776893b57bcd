"""How the operator reaches the API server: by its pod's service account, else by the user's kubeconfig."""

import os

from kubernetes.aio import config
from kubernetes.aio.client import Configuration

from deskoperator.errors import CannotStart


async def client_configuration() -> Configuration:
    """Address and credentials for the official client. Raises `CannotStart` without any."""
    configuration = Configuration()
    try:
        if "KUBERNETES_SERVICE_HOST" in os.environ and "KUBECONFIG" not in os.environ:
            config.load_incluster_config(client_configuration=configuration)  # type: ignore[no-untyped-call]
        else:
            await config.load_kube_config(client_configuration=configuration)  # type: ignore[no-untyped-call]
    except (config.ConfigException, OSError, ValueError) as error:
        raise CannotStart(
            f"no way to a cluster: {_line(error)}; set KUBECONFIG, or run in a pod with a service account"
        ) from error
    return configuration


def _line(error: Exception) -> str:
    return str(error).strip().splitlines()[0].rstrip(".") if str(error).strip() else type(error).__name__
