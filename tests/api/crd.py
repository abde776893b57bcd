"""Makes an API server know the TradingBot and the RiskPolicy."""

from functools import partial

from deskapi.schema import DEFINITIONS
from tests.api.bots import ROOT
from tests.cluster.commands import wait_until
from tests.cluster.errors import ClusterError
from tests.cluster.kubectl import Kubectl


def install_crd(kubectl: Kubectl) -> None:
    """Applies the CRDs from the client side, as a newcomer's plain `kubectl apply`, and waits until they are served."""
    for definition in DEFINITIONS:
        kubectl("apply", "-f", str(ROOT / "crds" / definition.file))
    for definition in DEFINITIONS:
        served = partial(_is_served, kubectl, definition.plural)
        wait_until(f"the API server knows {definition.plural}", served, timeout_seconds=30)


def _is_served(kubectl: Kubectl, plural: str) -> bool:
    # `kubectl wait` fails outright on a CRD so new that it has no conditions yet.
    try:
        kubectl("get", plural)
    except ClusterError:
        return False
    return True
