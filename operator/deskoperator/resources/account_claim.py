"""A claim: the object by which one bot has an account of an exchange for itself.

Its name follows from exchange and account alone, so the API server itself lets only one be made. It is a Lease, whose
holder is the UID of the bot; it lies in the operator's own namespace, where every operator of one installation looks.
"""

import hashlib
import json
from dataclasses import asdict, dataclass

from deskapi import GROUP
from deskoperator.resources.kinds import LEASE, Object

CLAIM_MARK = f"{GROUP}/account-claim"


@dataclass(frozen=True)
class Claim:
    """Whose account it is. `uid` is the TradingBot's."""

    exchange: str
    account_id: str
    namespace: str
    bot: str
    uid: str

    @property
    def in_words(self) -> str:
        """Whose it is."""
        return f"account {self.account_id} of {self.exchange} is TradingBot {self.namespace}/{self.bot}'s"


def claim_name(exchange: str, account_id: str) -> str:
    """The only name that a claim on this account can have."""
    return f"desk-account-{hashlib.sha256(f'{exchange}/{account_id}'.encode()).hexdigest()[:24]}"


def claim_object(claim: Claim, namespace: str) -> Object:
    """The whole object."""
    made = LEASE.header(namespace, claim_name(claim.exchange, claim.account_id))
    made["metadata"]["labels"] = {"app.kubernetes.io/name": "desk-account", "app.kubernetes.io/part-of": "trading-desk"}
    made["metadata"]["annotations"] = {CLAIM_MARK: json.dumps(asdict(claim), sort_keys=True)}
    made["spec"] = {"holderIdentity": claim.uid}
    return made


def read_claim(found: Object) -> Claim | None:
    """What an object of a claim's name says; None: nothing that this version can read."""
    text = (found["metadata"].get("annotations") or {}).get(CLAIM_MARK) or ""
    try:
        return Claim(**json.loads(text))
    except (ValueError, TypeError):
        return None
