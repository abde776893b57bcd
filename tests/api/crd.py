"""Makes an API server know the TradingBot."""

from deskapi.schema import CRD_FILE
from tests.api.bots import ROOT
from tests.cluster.commands import wait_until
from tests.cluster.errors import ClusterError
from tests.cluster.kubectl import Kubectl


def install_crd(kubectl: Kubectl) -> None:
    """Applies the CRD from the client side, as a newcomer's plain `kubectl apply`, and waits until it is served."""
    kubectl("apply", "-f", str(ROOT / "crds" / CRD_FILE))
    wait_until("the API server knows tradingbots", lambda: _is_served(kubectl), timeout_seconds=30)


def _is_served(kubectl: Kubectl) -> bool:
    # `kubectl wait` fails outright on a CRD so new that it has no conditions yet.
    try:
        kubectl("get", "tradingbots")
    except ClusterError:
        return False
    return True
