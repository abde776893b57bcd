"""Whose account the bot may touch at all: its key may open one that another bot trades on.

    key ─▶ venue opened ─▶ account id ─▶ status.engine.accountId ─▶ the operator admits the bot on it, or does not
                                │                                            │
                                └──────── held back until ◀── status.admitted.accountId, or the journal's header

Until then the engine has no venue: it compares nothing, sends nothing and cancels nothing, for what it would cancel
may be the other bot's. A journal is bound to an account only once the bot was admitted on it, so a bound one says the
same after a restart. A key that answers for another account than either is refused. Without a judge (a bot that runs
from a file) the journal alone decides.
"""

from deskapi import Reason
from deskbot.core.errors import Blocked, DeskError
from deskbot.runtime.journal import Journal


def require_own(account_id: str, admitted: str | None, journal: Journal | DeskError) -> None:
    """Bind the journal to the account where it is the bot's. Raises Blocked where it is not, or not yet."""
    if admitted and admitted != account_id:
        words = f"the key opens account {account_id} and the bot was admitted on {admitted}: mount a key of that one"
        raise Blocked(Reason.ACCOUNT_CHANGED, words)
    if admitted == "" and not _is_bound(journal):
        words = f"the key opens account {account_id}, and the operator has not admitted the bot on it yet"
        raise Blocked(Reason.ACCOUNT_PENDING, words)
    if isinstance(journal, Journal):
        journal.bind_account(account_id)


def has_own(admitted: str | None, journal: Journal | DeskError) -> bool:
    """Whether the bot has an account, so that what its key opens may be asked to cancel before it is open."""
    return admitted != "" or _is_bound(journal)


def _is_bound(journal: Journal | DeskError) -> bool:
    return isinstance(journal, Journal) and journal.header.account_id != ""
