"""What a kill Job needs to know of a bot, read from the object as it is written.

A halt must work on a spec that this version cannot read as a whole, so each part is taken by itself: a newer field or a
broken strategy is no reason to leave orders on a venue.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from deskoperator.plan.bot import Bot
from deskoperator.resources.kill_job import KillTarget

_WITHOUT_A_VENUE = ("DryRun", "Paper")
_UNREADABLE = "spec.venue cannot be read: exchange, marketType and a Secret are needed"


def has_venue(bot: Bot) -> bool:
    """Whether the bot's orders are on a venue. A mode that this version does not know counts as one that trades."""
    return bot.written_spec.get("mode", "DryRun") not in _WITHOUT_A_VENUE


def kill_target(bot: Bot, halt_id: str) -> KillTarget | str:
    """The target, or in words why there is none."""
    venue = _part(bot.written_spec, "venue")
    secret = _secret(bot, venue)
    exchange, market_type = _text(venue, "exchange"), _text(venue, "marketType")
    if not exchange or not market_type or not secret:
        return _UNREADABLE
    engine = _part(bot.written_status, "engine")
    shared_by = venue.get("sharedBy")
    return KillTarget(
        namespace=bot.metadata.namespace,
        bot=bot.metadata.name,
        uid=bot.metadata.uid or "",
        halt_id=halt_id,
        mode=_text(bot.written_spec, "mode"),
        exchange=exchange,
        market_type=market_type,
        endpoint=_text(venue, "endpoint"),
        markets=_markets(bot, engine),
        secret=secret,
        account_id=_text(engine, "accountId"),
        shared=isinstance(shared_by, int) and shared_by > 1,
        placement=_placement(bot.written_spec),
    )


def _secret(bot: Bot, venue: Mapping[str, Any]) -> str:
    own = _text(_part(_part(bot.written_spec, "killSwitch"), "killSecretRef"), "name")
    return own or _text(_part(venue, "credentialsSecretRef"), "name")


def _markets(bot: Bot, engine: Mapping[str, Any]) -> tuple[str, ...]:
    """Those of the spec first, then every other one that is known of."""
    scope = _texts(bot.written_status.get("venueScope"))
    held = [_text(position, "market") for position in engine.get("positions") or () if isinstance(position, Mapping)]
    named = [*_texts(bot.written_spec.get("markets")), *scope, *held, *_texts(engine.get("closedMarkets"))]
    return tuple(dict.fromkeys(filter(None, named)))


def _placement(spec: Mapping[str, Any]) -> dict[str, Any]:
    """The bot's tolerations, and its nodes as a wish: where they are gone, any other must do."""
    placement: dict[str, Any] = {}
    if isinstance(spec.get("tolerations"), list):
        placement["tolerations"] = spec["tolerations"]
    wished = [{"key": name, "operator": "In", "values": [value]} for name, value in _part(spec, "nodeSelector").items()]
    if wished:
        terms = [{"weight": 100, "preference": {"matchExpressions": wished}}]
        placement["affinity"] = {"nodeAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": terms}}
    return placement


def _part(obj: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = obj.get(name)
    return found if isinstance(found, Mapping) else {}


def _text(obj: Mapping[str, Any], name: str) -> str:
    found = obj.get(name)
    return found if isinstance(found, str) else ""


def _texts(found: object) -> Iterable[str]:
    return [one for one in found if isinstance(one, str)] if isinstance(found, list) else ()
