"""Whether a bot may trade on the account that its key opens: one bot for each account of an exchange.

    engine reports the account ──▶ nobody else has it ──▶ claim ──▶ noted on the Lease ──▶ status.admitted.accountId
                                                                                            └▶ its first order

A claim is one object with one possible name (`resources/account_claim.py`): of two operators that saw nothing of each
other only one can make it. It is made before the Lease remembers the account, and that before anything is admitted on
it; so whoever was ever admitted on an account has a claim, or at least a Lease that names it. A bot that has the
account by its Lease keeps it, whether it lives, is halted, or is gone and not buried: its orders may be there, and its
kill Job takes every order of the account.

A bot whose Lease names no account was never admitted on one, and no order of it ever left: its engine waits for the
admission before it asks the venue for anything but whose account the key opens.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from deskapi import Reason
from deskoperator.plan.bot import Bot
from deskoperator.plan.kill_target import has_met_a_venue, has_venue, own_scope
from deskoperator.resources.account_claim import Claim
from deskoperator.resources.kinds import Object
from deskoperator.resources.venue_scope import VenueScope, scope_on


@dataclass(frozen=True)
class Account:
    """Where a bot stands with its account. `admitted_on` "": on none yet. `refusal`: why it may not trade, in words.

    `wanted`: the claim that it needs and does not have.
    """

    admitted_on: str = ""
    refusal: tuple[Reason, str] | None = None
    wanted: Claim | None = None


NO_ACCOUNT = Account()


def account_of(bot: Bot, lease: Object | None, claim: Claim | None) -> Account:
    """Where the bot stands; `claim` is the one on the account of `own_claim`, None: there is none."""
    own = own_claim(bot, lease)
    if own is None:
        return NO_ACCOUNT
    reported = reported_account(bot)
    if reported and reported != own.account_id:
        words = (
            f"the key opens account {reported} and the bot was admitted on {own.account_id}: mount a key of that one"
        )
        return Account(refusal=(Reason.ACCOUNT_CHANGED, f"{words}, or create another TradingBot for the other"))
    if claim is None:
        return Account(wanted=own)
    return Account(admitted_on=own.account_id) if claim.uid == own.uid else Account(refusal=_taken(claim))


def own_claim(bot: Bot, lease: Object | None) -> Claim | None:
    """The claim that the bot has or needs; None: it has no venue, or nobody knows its account yet."""
    account_id = account_id_of(bot, lease)
    if not account_id or not has_venue(bot):
        return None
    return Claim(_exchange(bot), account_id, bot.metadata.namespace, bot.metadata.name, bot.metadata.uid or "")


def _taken(claim: Claim) -> tuple[Reason, str]:
    words = f"{claim.in_words}: use a key of another account, or delete that one"
    return Reason.ACCOUNT_TAKEN, words


def account_id_of(bot: Bot, lease: Object | None) -> str:
    """The account that it was admitted on, else the one that its engine reports; "": it has told none."""
    known = own_scope(bot, lease)
    admitted = bot.admitted.account_id if bot.admitted is not None and bot.admitted.uid == bot.metadata.uid else None
    return (known.account_id if known is not None else "") or admitted or reported_account(bot)


def reported_account(bot: Bot) -> str:
    """What the engine says, whatever else of its report can be read."""
    engine: Any = bot.written_status.get("engine")
    found = engine.get("accountId") if isinstance(engine, dict) else None
    return found if isinstance(found, str) else ""


def _exchange(bot: Bot) -> str:
    venue: Any = bot.written_spec.get("venue")
    return str(venue.get("exchange") or "") if isinstance(venue, dict) else ""


def never_traded(bot: Bot, lease: Object | None) -> bool:
    """Whether no order of the bot can ever have left: it was admitted on no account, and has met no venue."""
    known = own_scope(bot, lease)
    if known is None:
        return not bot.may_have_run
    admitted = bot.admitted is not None and bot.admitted.account_id
    return not (known.account_id or admitted or has_met_a_venue(bot))


def incumbent(own: Claim, leases: Iterable[Object]) -> tuple[str, str] | None:
    """(namespace, name) of the bot that has the account by its Lease; None: nobody, or `own` itself.

    Of several that have it, from before there were claims, the one with the oldest Lease, of two such the lower UID.
    """
    holders = sorted(
        (str(lease["metadata"].get("creationTimestamp") or ""), scope.uid, lease["metadata"])
        for lease in leases
        if (scope := scope_on(lease)) is not None and _has(scope, own)
    )
    if not holders or holders[0][1] == own.uid:
        return None
    return holders[0][2]["namespace"], holders[0][2]["name"]


def _has(scope: VenueScope, own: Claim) -> bool:
    return (scope.exchange, scope.account_id) == (own.exchange, own.account_id)
