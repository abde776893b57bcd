"""Where a bot's orders may be, and its latch, as the bot's Lease carries them: what is left of a bot that was deleted.

They are annotations, so that the Lease's spec stays its holder's alone. Whoever finds a Lease without its bot (the
operator, after a restart as well, or a person) knows by them which account has to be shown empty.
"""

import json
from collections.abc import Mapping
from typing import Any, Final, TypeVar

from pydantic import BaseModel, Field, ValidationError

from deskapi import GROUP, KillSwitch, dump
from deskapi.base import StatusModel
from deskoperator.resources.kill_job import KillTarget
from deskoperator.resources.kinds import Object

Model = TypeVar("Model", bound=BaseModel)
SCOPE_MARK: Final = f"{GROUP}/venue-scope"
LATCH_MARK: Final = f"{GROUP}/latch"
# Modes whose orders never reach a venue. One that this version does not know counts as one that trades.
WITHOUT_A_VENUE: Final = ("DryRun", "Paper")


class VenueScope(StatusModel):
    """Everything that a kill needs to know of a bot, in words of its spec. `uid` is the TradingBot's.

    `markets` are all that it ever had; `secret` names the Secret; `account_id` "": it was admitted on no account yet.
    """

    uid: str
    mode: str = "DryRun"
    exchange: str = ""
    market_type: str = ""
    endpoint: str = ""
    markets: tuple[str, ...] = ()
    secret: str = ""
    account_id: str = ""
    shared: bool = False
    placement: dict[str, Any] = Field(default_factory=dict)

    @property
    def has_venue(self) -> bool:
        """Whether its orders reach a venue."""
        return self.mode not in WITHOUT_A_VENUE

    def target(self, namespace: str, bot: str, halt_id: str) -> KillTarget | str:
        """What a kill Job empties, or in words why there can be none."""
        if not self.exchange or not self.market_type or not self.secret:
            return "spec.venue cannot be read: exchange, marketType and a Secret are needed"
        return KillTarget(
            namespace=namespace,
            bot=bot,
            uid=self.uid,
            halt_id=halt_id,
            mode=self.mode,
            exchange=self.exchange,
            market_type=self.market_type,
            endpoint=self.endpoint,
            markets=self.markets,
            secret=self.secret,
            account_id=self.account_id,
            shared=self.shared,
            placement=self.placement,
        )


def notes(scope: VenueScope, latch: Object | None) -> dict[str, str | None]:
    """The annotations; `latch` is `status.killSwitch` as it is written. None takes one away."""
    return {SCOPE_MARK: _text(dump(scope)), LATCH_MARK: _text(latch) if latch else None}


def scope_on(lease: Object | None) -> VenueScope | None:
    """The scope that a Lease carries; None: it carries none that can be read."""
    return _read(VenueScope, lease, SCOPE_MARK)


def latch_on(lease: Object | None) -> KillSwitch | None:
    """The latch that a Lease carries."""
    return _read(KillSwitch, lease, LATCH_MARK)


def annotations(lease: Object | None) -> Mapping[str, Any]:
    """All of them."""
    return ((lease or {}).get("metadata") or {}).get("annotations") or {}


def _text(part: Object) -> str:
    return json.dumps(part, sort_keys=True, separators=(",", ":"))


def _read(model: type[Model], lease: Object | None, mark: str) -> Model | None:
    try:
        return model.model_validate_json(annotations(lease).get(mark) or "")
    except ValidationError:
        return None
