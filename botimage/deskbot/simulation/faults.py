"""The faults of the simulation: one row each, by the ids of the fault catalogue, and how a life's script is drawn.

    COUNTED   happens to the next requests (or messages) of a kind: `count` of them, from a moment on
    LASTING   holds from a moment on for a while
    MOMENT    happens at once
    CRASH     the process is killed the next time it passes a certain point

Rows of the catalogue without a meaning at this level, and where they are held instead: F07 (no library option re-sends:
the venues' tests), F09 and F13 (the engine sends neither batches nor cancel-replace), F22 (many bots at once), F27
(instruments' properties), F34–F38, F42, F43 and F45 (clusters and stores).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from random import Random
from typing import Final

from deskbot.simulation.points import POINTS
from deskbot.simulation.schedule import MILLISECOND, SECOND
from deskbot.simulation.script import Injection, Script


class Shape(Enum):
    """How a fault is given in a script."""

    COUNTED = "counted"
    LASTING = "lasting"
    MOMENT = "moment"
    CRASH = "crash"


@dataclass(frozen=True)
class Fault:
    """One fault. `most` is the most requests it takes at once, or the longest time it lasts in milliseconds.

    `weight` is how often it is drawn beside the others; `venues` are those it can happen on, none named: every one.
    """

    id: str
    name: str
    what: str
    shape: Shape
    most: int = 1
    weight: int = 2
    venues: tuple[str, ...] = ()


_C, _L, _M, _X = Shape.COUNTED, Shape.LASTING, Shape.MOMENT, Shape.CRASH
_CONTRACTS: Final = ("bybit", "binanceusdm")

_TABLE: Final = (
    Fault("F01", "create-lost", "a create never reaches the venue", _C, 4, 5),
    Fault("F02", "create-reply-lost", "a create is accepted, its reply never comes", _C, 6, 12),
    Fault("F03", "create-reset", "a create is cut off at once and arrives up to a receive window later", _C, 6, 12),
    Fault("F04", "create-unsure", "a create is accepted; the reply is a code, a page or nothing", _C, 6, 12),
    Fault("F05", "create-filled-unseen", "a create is accepted and filled, its reply never comes", _C, 4, 8),
    Fault("F06", "stale-answers", "questions are answered from up to a visibility delay ago", _L, 9000, 5),
    Fault("F08", "create-duplicate", "a create arrives twice; the reply is the second one's: duplicate", _C, 3, 4),
    Fault("F10", "cancel-reply-lost", "a cancel is lost, or its reply is, or it arrives late", _C, 4, 5),
    Fault("F11", "cancel-races-fill", "the order fills in part while its cancel is on the way", _C, 3, 4),
    Fault("F12", "cancel-of-filled", "the order fills whole while its cancel is on the way: not found", _C, 3, 4),
    Fault("F14", "reply-after-fill", "the reply to a create comes after the order's fills", _C, 4, 4),
    Fault("F15", "messages-doubled", "the private stream tells everything twice", _L, 9000, 3),
    Fault("F15b", "messages-reordered", "the private stream tells in the wrong order", _L, 9000, 3),
    Fault("F15c", "messages-lost", "single messages of the private stream are missing", _L, 6000, 3),
    Fault("F16", "third-coin-fees", "fees are taken in a third coin", _L, 9000, 2),
    Fault("F17", "market-gap", "the book has a gap: unhealthy, then a new snapshot", _M, 1, 3),
    Fault("F18", "market-stall", "no book comes, and nobody says so until the watchdog does", _L, 5000, 3),
    Fault("F19", "market-poisoned", "an unreadable frame: no book until the watchdog subscribes again", _M, 1, 2),
    Fault("F20", "private-death", "the private stream dies silently; noticed only later", _L, 12000, 4),
    Fault("F21", "private-closed", "the private stream is closed and subscribed again", _L, 4000, 4),
    Fault("F23", "rate-limited", "every request is refused with the venue's rate code", _L, 3000, 2),
    Fault("F23b", "banned", "every request is refused for this address, without a code", _L, 4000, 2),
    Fault("F24", "maintenance", "the venue answers that it is being worked on; streams are closed", _L, 6000, 3),
    Fault("F25", "venue-cancels", "the venue ends orders by itself", _M, 1, 3),
    Fault("F25b", "position-taken", "somebody else trades on the account and moves our position", _M, 1, 1, _CONTRACTS),
    Fault("F25c", "liquidated", "the venue liquidates a position", _M, 1, 2, _CONTRACTS),
    Fault("F25d", "deleveraged", "the venue reduces a position by auto-deleveraging", _M, 1, 2, _CONTRACTS),
    Fault("F25e", "funding-settled", "funding is paid or received on every position", _M, 1, 2, _CONTRACTS),
    Fault("F26", "market-halted", "the venue takes no orders on its markets", _L, 5000, 2),
    Fault("F26b", "market-closed", "one market is closed, or not listed any more, and the other is not", _L, 9000, 3),
    Fault("F28", "crossed-book", "a crossed book is shown", _M, 1, 2),
    Fault("F28b", "flash-price", "a book far from the market is shown", _M, 1, 2),
    Fault("F29", "clock-steps", "the wall clock steps by up to 30 s, and back", _L, 6000, 3),
    Fault("F30", "process-stalls", "nothing runs for a while, then everything at once", _L, 9000, 4),
    Fault("F31", "killed", "kill -9 at a point between intent and acknowledgement", _X, 1, 10),
    Fault("F31b", "killed-journal-torn", "kill -9 with a part of the last group on the disk", _X, 1, 4),
    Fault("F32", "killed-sweeping", "kill -9 in the middle of a cancel-all or a reconciliation", _X, 1, 5),
    Fault("F32b", "cancel-all-lies", "a cancel-all is acknowledged and leaves orders standing", _L, 9000, 3),
    Fault("F33", "dead-man-strikes", "the venue's dead man's switch cancels everything", _C, 1, 0, _CONTRACTS),
    Fault("F33b", "dead-man-unheard", "winding up the dead man's switch gets no answer", _C, 4, 2, _CONTRACTS),
    Fault("F39", "journal-lost", "the journal's volume is gone with the process", _M, 1, 4),
    Fault("F40", "disk-full", "the journal cannot be written", _L, 5000, 3),
    Fault("F40b", "disk-slow", "the journal takes long to be durable", _L, 5000, 3),
    Fault("F41", "strategy-mad", "the strategy wants absurd things, or raises", _L, 3000, 3),
    Fault("F44", "key-revoked", "the venue refuses the key", _L, 4000, 2),
    Fault("F46", "captive-portal", "every request is answered by somebody else's web page", _L, 4000, 2),
    Fault("Q1", "questions-fail", "questions are not answered", _C, 6, 5),
    Fault("Q2", "pages-incomplete", "lists break off in the middle", _C, 6, 5),
    Fault("Q3", "slow-network", "everything takes up to three seconds", _L, 6000, 4),
    Fault("V1", "order-refused", "the venue refuses orders", _C, 4, 3),
    Fault("P1", "foreign-order", "somebody else places an order on the account", _M, 1, 3),
    Fault("P2", "halted-by-spec", "a person halts the bot by its spec; released later", _L, 15000, 5),
    Fault("P2b", "halted-for-good", "a person halts the bot by its spec", _M, 1, 1),
    Fault("P2c", "halt-withdrawn", "a halt is taken out of the spec before anybody acknowledges it", _L, 8000, 2),
    Fault("P3", "halted-by-operator", "the operator latches a halt; released later", _L, 15000, 4),
    Fault("P4", "paused", "a person pauses the bot for a while", _L, 5000, 2),
    Fault("P5", "restarted", "SIGTERM, a proven stop, and a new process", _M, 1, 3),
    Fault("P6", "venue-reopened", "the venue is lost and opened again", _L, 4000, 3),
)

FAULTS: Final[Mapping[str, Fault]] = {fault.name: fault for fault in _TABLE}


def faults_of(venue: str, names: tuple[str, ...] = ()) -> list[Fault]:
    """The faults that can happen on a venue, of those named (by name or by id; none named: all)."""
    return [
        fault
        for fault in _TABLE
        if (not fault.venues or venue in fault.venues) and (not names or fault.name in names or fault.id in names)
    ]


def draw(seed: int, venue: str, names: tuple[str, ...] = ()) -> Script:
    """The script of a seed: what goes wrong in its life, and when."""
    random = Random(f"script {venue} {seed}")  # noqa: S311 - a simulation, repeatable on purpose
    possible = [fault for fault in faults_of(venue, names) if fault.weight]
    length = random.choice((30, 45, 60)) * SECOND // MILLISECOND
    weights = [fault.weight for fault in possible]
    drawn = random.choices(possible, weights, k=random.randint(12, 26)) if possible else []
    injections = [_injection(random, fault, length) for fault in drawn]
    return Script(venue, seed, length, tuple(sorted(injections, key=lambda one: one.at_ms)))


def _injection(random: Random, fault: Fault, length: int) -> Injection:
    at = random.randrange(1500, length)
    if fault.shape is Shape.COUNTED:
        return Injection(at, fault.name, count=random.randint(1, fault.most))
    if fault.shape is Shape.LASTING:
        return Injection(at, fault.name, for_ms=random.randint(200, fault.most))
    if fault.shape is Shape.CRASH:
        return Injection(at, fault.name, count=random.randint(1, 3), point=random.choice(POINTS[fault.name]))
    return Injection(at, fault.name)
