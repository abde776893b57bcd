"""The venues' own numbers that say more than the class ccxt makes of them."""

from dataclasses import dataclass, fields

Words = frozenset[str]
_NONE: Words = frozenset()


@dataclass(frozen=True)
class Codes:
    """What one venue's codes prove; "CODE MESSAGE" without a full stop where the code alone stands for several things.

    `duplicate`: an order of this client id is live or was. `outcome_unknown`: the request may have been carried out.
    `refused`: it was not, whatever the class. `market_closed`: nor was it, and no order of its market will be for now.
    `already_ended`: there is no live order of that id, or not under that
    name. `wrong_key` and `wrong_address` are about the API key.
    """

    duplicate: Words = _NONE
    outcome_unknown: Words = _NONE
    refused: Words = _NONE
    market_closed: Words = _NONE
    already_ended: Words = _NONE
    wrong_key: Words = _NONE
    wrong_address: Words = _NONE

    def __or__(self, other: "Codes") -> "Codes":
        return Codes(**{one.name: getattr(self, one.name) | getattr(other, one.name) for one in fields(Codes)})
