"""What identifies a spec that was judged, the same for the operator that judges and for the engine that obeys.

A generation alone names a spec only as long as nobody restores an older state of the cluster; with the hash of the
spec, as the API server tells it, one that was never judged cannot pass for one that was.
"""

import hashlib
import json
from collections.abc import Mapping
from typing import Any


def spec_hash(spec: Mapping[str, Any]) -> str:
    """SHA-256 of a spec as the API server tells it, as JSON with sorted keys; 64 hexadecimal digits."""
    text = json.dumps(spec, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
