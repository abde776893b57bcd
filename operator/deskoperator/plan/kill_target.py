"""What a kill needs to know of a bot, read from the object as it is written.

A halt must work on a spec that this version cannot read as a whole, so each part is taken by itself: a newer field or a
broken strategy is no reason to leave orders on a venue. What the bot's Lease remembers is added: markets that a spec
has named once, and the account that the bot was admitted on.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from deskoperator.plan.bot import Bot
from deskoperator.resources.kill_job import KillTarget
from deskoperator.resources.kinds import Object
from deskoperator.resources.venue_scope import WITHOUT_A_VENUE, VenueScope, scope_on


def has_venue(bot: Bot) -> bool:
    """Whether the bot's orders are on a venue. A mode that this version does not know counts as one that trades."""
    return bot.written_spec.get("mode", "DryRun") not in WITHOUT_A_VENUE


def has_met_a_venue(bot: Bot) -> bool:
    """Whether its engine has compared itself with one, which it does before its first order."""
    return bool(_text(_part(bot.written_status, "engine"), "reconciledAt"))


def kill_target(bot: Bot, halt_id: str, lease: Object | None = None) -> KillTarget | str:
    """The target, or in words why there is none."""
    admitted = bot.admitted.account_id if bot.admitted is not None else None
    met = _text(_part(bot.written_status, "engine"), "accountId") if has_met_a_venue(bot) else ""
    return venue_scope(bot, own_scope(bot, lease), admitted or met).target(
        bot.metadata.namespace, bot.metadata.name, halt_id
    )


def own_scope(bot: Bot, lease: Object | None) -> VenueScope | None:
    """What a Lease remembers of this very bot; None: nothing."""
    known = scope_on(lease)
    return known if known is not None and known.uid == bot.metadata.uid else None


def venue_scope(bot: Bot, known: VenueScope | None, admitted_on: str = "") -> VenueScope:
    """The scope as its Lease should carry it, after what it carries; of accounts the first one."""
    venue = _part(bot.written_spec, "venue")
    engine = _part(bot.written_status, "engine")
    shared_by = venue.get("sharedBy")
    return VenueScope(
        uid=bot.metadata.uid or "",
        mode=_text(bot.written_spec, "mode") or "DryRun",
        exchange=_text(venue, "exchange"),
        market_type=_text(venue, "marketType"),
        endpoint=_text(venue, "endpoint"),
        markets=_markets(bot, engine, () if known is None else known.markets),
        secret=_secret(bot, venue),
        account_id=(known.account_id if known is not None else "") or admitted_on,
        shared=isinstance(shared_by, int) and shared_by > 1,
        placement=_placement(bot.written_spec),
    )


def _secret(bot: Bot, venue: Mapping[str, Any]) -> str:
    own = _text(_part(_part(bot.written_spec, "killSwitch"), "killSecretRef"), "name")
    return own or _text(_part(venue, "credentialsSecretRef"), "name")


def _markets(bot: Bot, engine: Mapping[str, Any], known: Iterable[str]) -> tuple[str, ...]:
    """Those of the spec first, then every other one that is known of."""
    held = [_text(position, "market") for position in engine.get("positions") or () if isinstance(position, Mapping)]
    named = [*_texts(bot.written_spec.get("markets")), *known, *held, *_texts(engine.get("closedMarkets"))]
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
