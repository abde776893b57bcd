"""What can be ordered to go wrong: one model per action, the body of `POST /faults` and of a script's entries.

Where a fault strikes is its `PLACES`: a request (REST, or an operation of an order-entry socket), a message of a
stream, a socket about to open, or the venue itself. The docstrings and field descriptions here are the reference
that docs/simulator.md prints.
"""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any, ClassVar, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, model_validator
from pydantic.alias_generators import to_camel

LONGEST_MS = 7 * 24 * 3_600_000
HTML = "<html><body>Service unavailable</body></html>"

Milliseconds = Annotated[int, Field(ge=0, le=LONGEST_MS)]
Amount = Annotated[Decimal, Field(gt=0, allow_inf_nan=False)]
Pattern = Annotated[str, Field(min_length=1)]


class Place(StrEnum):
    """Where a fault strikes."""

    REQUEST = "request"
    STREAM = "stream"
    CONNECT = "connect"
    VENUE = "venue"


ANY_MESSAGE = frozenset({Place.REQUEST, Place.STREAM, Place.CONNECT})
REFUSING = frozenset({Place.REQUEST, Place.CONNECT})
REQUEST_ONLY = frozenset({Place.REQUEST})
STREAM_ONLY = frozenset({Place.STREAM})
VENUE_ONLY = frozenset({Place.VENUE})


class Action(BaseModel):
    """What every fault has: the account it is for, and when it is in force."""

    model_config = ConfigDict(alias_generator=to_camel, extra="forbid", frozen=True)
    PLACES: ClassVar[frozenset[Place]]

    action: str
    account: str | None = Field(default=None, description="only this API key; every account if left out")
    after_ms: Milliseconds = Field(default=0, description="begins so long after it was ordered")
    for_ms: Milliseconds | None = Field(default=None, description="and is over so long after it began")


class MessageAction(Action):
    """A fault that strikes messages as they pass."""

    endpoint: Pattern = Field(description="a shell pattern over paths, operations and topics")
    count: Annotated[int, Field(ge=1)] | None = Field(default=None, description="the next so many matches")
    probability: Annotated[float, Field(gt=0, le=1)] | None = Field(
        default=None, description="each match with this chance, drawn from the simulator's seed"
    )

    @model_validator(mode="after")
    def _one_frequency(self) -> MessageAction:
        if self.count is not None and self.probability is not None:
            raise ValueError("count and probability exclude each other: give one of them (neither means count 1)")
        return self

    @property
    def most(self) -> int | None:
        """How often it fires at most: once, unless a count, a chance or a time says otherwise."""
        if self.count is None and self.probability is None and self.for_ms is None:
            return 1
        return self.count


class StandingAction(MessageAction):
    """A fault that stands until its time is over or it is cleared, unless a count is given."""

    endpoint: Pattern = Field(default="*", description="a shell pattern over paths, operations and topics")

    @property
    def most(self) -> int | None:
        return self.count


class Drop(MessageAction):
    """A request never reaches the venue; a message is swallowed: a gap; a socket does not open."""

    PLACES = ANY_MESSAGE
    action: Literal["drop"]
    hang_ms: Milliseconds = Field(default=0, description="silence before the connection is reset")


class AcceptThenDrop(MessageAction):
    """A request takes effect and is never answered; a message is sent, then the connection breaks."""

    PLACES = frozenset({Place.REQUEST, Place.STREAM})
    action: Literal["acceptThenDrop"]
    hang_ms: Milliseconds = Field(default=0, description="silence before the connection is reset")


class AcceptThenCode(MessageAction):
    """A request takes effect; the answer says that something went wrong."""

    PLACES = REQUEST_ONLY
    action: Literal["acceptThenCode"]
    status: Annotated[int, Field(ge=200, le=599)] = Field(default=200, description="HTTP status of the answer")
    code: int | None = Field(default=None, description="the venue's own error code; without one the body is empty")
    message: str = Field(default="Internal error; unable to process your request.", description="what it says with it")


class Refuse(MessageAction):
    """A request is answered with an error and has no effect."""

    PLACES = REFUSING
    action: Literal["refuse"]
    status: Annotated[int, Field(ge=200, le=599)] = Field(default=200, description="HTTP status of the answer")
    code: int | None = Field(default=None, description="the venue's own error code; without one the body is empty")
    message: str = Field(default="Internal error; unable to process your request.", description="what it says with it")


class Garbage(MessageAction):
    """A request takes effect and is answered with something else; a message is replaced by `body`."""

    PLACES = frozenset({Place.REQUEST, Place.STREAM})
    action: Literal["garbage"]
    status: Annotated[int, Field(ge=200, le=599)] = Field(default=200, description="HTTP status of the answer")
    body: str = Field(default=HTML, description="what is sent instead; may be empty")


class Delay(MessageAction):
    """A request waits before it takes effect; a message waits, those behind it too; a socket opens late."""

    PLACES = ANY_MESSAGE
    action: Literal["delay"]
    delay_ms: Annotated[int, Field(ge=0, le=600_000)] = Field(default=0, description="how long")

    @model_validator(mode="after")
    def _some_delay(self) -> Delay:
        if self.delay_ms == 0:
            raise ValueError(f"delayMs is 0: {self.action} needs how long to wait, such as 500")
        return self


class DelayReply(MessageAction):
    """A request takes effect at once, its answer waits; a message waits, those behind it too."""

    PLACES = frozenset({Place.REQUEST, Place.STREAM})
    action: Literal["delayReply"]
    delay_ms: Annotated[int, Field(ge=0, le=600_000)] = Field(default=0, description="how long")

    @model_validator(mode="after")
    def _some_delay(self) -> DelayReply:
        if self.delay_ms == 0:
            raise ValueError(f"delayMs is 0: {self.action} needs how long to wait, such as 500")
        return self


class RateLimit(MessageAction):
    """A request is refused as one too many, with `Retry-After`; a client that goes on asking may be banned for it."""

    PLACES = REFUSING
    action: Literal["rateLimit"]
    status: Annotated[int, Field(ge=200, le=599)] = Field(default=429, description="HTTP status of the answer")
    retry_after_ms: Milliseconds = Field(default=1000, description="what `Retry-After` says where no `forMs` is given")
    ban_after: Annotated[int, Field(ge=1)] | None = Field(
        default=None, description="the last of so many refusals is a ban, for everything"
    )
    ban_ms: Annotated[int, Field(ge=1, le=LONGEST_MS)] = Field(default=120_000, description="how long that ban lasts")


class Ban(StandingAction):
    """Every request and every new socket is refused until the ban is over; each one is counted."""

    PLACES = REFUSING
    action: Literal["ban"]
    status: Annotated[int, Field(ge=400, le=599)] | None = Field(
        default=None, description="HTTP status of the answer; the venue's own by default (Bybit 403, Binance 418)"
    )
    for_ms: Milliseconds = Field(default=120_000, description="how long it lasts")


class Maintenance(StandingAction):
    """The venue is down: sockets close as it begins, all requests and new sockets are refused, then all is back."""

    PLACES = frozenset({Place.REQUEST, Place.CONNECT, Place.VENUE})
    action: Literal["maintenance"]
    for_ms: Milliseconds = Field(default=60_000, description="how long it lasts")
    announced: bool = Field(default=False, description="whether the venue's status endpoint tells of it beforehand")


class StaleRead(MessageAction):
    """A query is answered from the account as it was `ageMs` ago: orders and fills show late."""

    PLACES = REQUEST_ONLY
    action: Literal["staleRead"]
    age_ms: Annotated[int, Field(ge=1, le=60_000)] = Field(default=3000, description="how old the answer is")


class Duplicate(MessageAction):
    """A message is sent twice."""

    PLACES = STREAM_ONLY
    action: Literal["duplicate"]
    delay_ms: Annotated[int, Field(ge=0, le=600_000)] = Field(
        default=0, description="how much later the second one follows; what comes between passes"
    )


class Reorder(MessageAction):
    """A message is overtaken by the next one of its connection."""

    PLACES = STREAM_ONLY
    action: Literal["reorder"]
    hold_ms: Annotated[int, Field(ge=1, le=600_000)] = Field(
        default=1000, description="sent after this anyway if nothing overtakes it"
    )


class Poison(MessageAction):
    """A message is replaced by a frame that is no JSON."""

    PLACES = STREAM_ONLY
    action: Literal["poison"]
    body: str = Field(default='{"broken":', description="the frame")


class Stall(StandingAction):
    """Matching messages are swallowed while everything else, answers to pings above all, goes on."""

    PLACES = STREAM_ONLY
    action: Literal["stall"]
    endpoint: Pattern = Field(description="a shell pattern over topics")


class Close(MessageAction):
    """The connection closes in place of the message."""

    PLACES = STREAM_ONLY
    action: Literal["close"]
    code: Annotated[int, Field(ge=1000, le=4999)] | None = Field(
        default=None, description="the WebSocket close code; without one the connection is reset"
    )


class Disconnect(Action):
    """Open sockets end at a time: the venue's 24 hours are over, or it restarts."""

    PLACES = VENUE_ONLY
    action: Literal["disconnect"]
    endpoint: Pattern = Field(default="*", description="a shell pattern over the paths of the sockets")
    code: Annotated[int, Field(ge=1000, le=4999)] | None = Field(
        default=None, description="the WebSocket close code; without one the connection is reset"
    )
    farewell: str = Field(default="", description="a last frame, such as Binance's serverShutdown event")


class ClockSkew(Action):
    """The venue's clock is wrong: what it says of now and how it judges timestamps. Several together add up."""

    PLACES = VENUE_ONLY
    action: Literal["clockSkew"]
    offset_ms: int = Field(description="how far ahead of the true time", ge=-LONGEST_MS, le=LONGEST_MS)


class ListenKeys(Action):
    """Listen keys expire: user streams that live on one are told so and end."""

    PLACES = VENUE_ONLY
    action: Literal["expireListenKeys"]


class KeyChange(Action):
    """What the venue says and does about an API key changes, as if its owner had changed it."""

    PLACES = VENUE_ONLY
    action: Literal["key"]
    account: str = Field(description="the API key")
    set: Literal["revoked", "foreignip", "readonly", "notrading", "withdraw"] = Field(
        description="revoked, bound to other IP addresses, reduced, or widened"
    )
    undo: bool = Field(default=False, description="take it back instead")


class MarketAction(Action):
    """Something that happens to one market."""

    PLACES = VENUE_ONLY
    market: Pattern = Field(description="its ccxt name, such as `BTC/USDT:USDT`")


class Liquidation(MarketAction):
    """Positions are liquidated at the mark price, whatever their margin; their orders go first."""

    action: Literal["liquidation"]


class Deleveraging(MarketAction):
    """Positions are reduced by auto-deleveraging at the mark price."""

    action: Literal["adl"]
    quantity: Amount | None = Field(default=None, description="how much of each; all of it if left out")


class Delisting(MarketAction):
    """Orders are cancelled, positions settled at the mark price, the market closes for ever."""

    action: Literal["delisting"]


class Halt(MarketAction):
    """The market takes no orders and fills none; it can be cancelled on. It trades again when the time is over."""

    action: Literal["halt"]


class FilterChange(MarketAction):
    """The market is listed with other filters; what rests stays. The old ones return when a time is given and over."""

    action: Literal["filterChange"]
    tick_size: Amount | None = Field(default=None, description="a multiple of the tick the market data has")
    quantity_step: Amount | None = Field(default=None, description="a multiple of the step the market data has")
    min_quantity: Amount | None = Field(default=None, description="smallest order")
    max_quantity: Amount | None = Field(default=None, description="largest order")
    min_notional: Amount | None = Field(default=None, description="least value of an order")


class Funding(MarketAction):
    """Funding is settled once; a positive rate is paid by long positions."""

    action: Literal["funding"]
    rate: Decimal = Field(description="the rate, `0.0001` is one basis point", ge=-1, le=1)


class FundingRate(MarketAction):
    """The funding rate, settled every eight hours of the epoch from now on."""

    action: Literal["fundingRate"]
    rate: Decimal = Field(description="the rate, `0.0001` is one basis point", ge=-1, le=1)


class Flash(MarketAction):
    """One public trade at an absurd price, which fills what rests up to there."""

    action: Literal["flash"]
    factor: Annotated[Decimal, Field(gt=0, le=100, allow_inf_nan=False)] = Field(description="times the last price")
    quantity: Amount = Field(default=Decimal(1), description="its size")


class MarkPrice(MarketAction):
    """The mark price is another than the last trade's, until the time is over."""

    action: Literal["markPrice"]
    price: Amount = Field(description="the price, a multiple of the tick")


class VenueCancel(Action):
    """Open orders are cancelled on the venue's own account, oldest first."""

    PLACES = VENUE_ONLY
    action: Literal["cancel"]
    market: Pattern | None = Field(default=None, description="its ccxt name; every market if left out")
    most: Annotated[int, Field(ge=1)] | None = Field(default=None, description="at most so many; all if left out")
    reason: Literal["expired", "selfTrade", "venue"] = Field(default="venue", description="what the venue says of it")


AnyAction = Annotated[
    Drop
    | AcceptThenDrop
    | AcceptThenCode
    | Refuse
    | Garbage
    | Delay
    | DelayReply
    | RateLimit
    | Ban
    | Maintenance
    | StaleRead
    | Duplicate
    | Reorder
    | Poison
    | Stall
    | Close
    | Disconnect
    | ClockSkew
    | ListenKeys
    | KeyChange
    | Liquidation
    | Deleveraging
    | Delisting
    | Halt
    | FilterChange
    | Funding
    | FundingRate
    | Flash
    | MarkPrice
    | VenueCancel,
    Field(discriminator="action"),
]
_adapter: TypeAdapter[AnyAction] = TypeAdapter(AnyAction)
_script: TypeAdapter[list[AnyAction]] = TypeAdapter(list[AnyAction])
ACTIONS: tuple[type[Action], ...] = get_args(get_args(AnyAction)[0])


def word_of(kind: type[Action]) -> str:
    """The word that orders an action."""
    return str(get_args(kind.model_fields["action"].annotation)[0])


def read_action(body: object) -> AnyAction:
    """One fault. Raises ValueError with one clear line."""
    try:
        return _adapter.validate_python(body)
    except ValidationError as error:
        raise ValueError(_one_line(error)) from error


def read_script(body: object) -> list[AnyAction]:
    """A list of faults, or an object whose `faults` is one. Raises ValueError with one clear line."""
    if isinstance(body, dict) and set(body) == {"faults"}:
        body = body["faults"]
    try:
        return _script.validate_python(body)
    except ValidationError as error:
        raise ValueError(_one_line(error)) from error


def _one_line(error: ValidationError) -> str:
    return "; ".join(map(_problem, error.errors()))


def _problem(problem: Any) -> str:
    """Where and what; the action's own name, which pydantic puts into the place, says nothing there."""
    names = set(map(word_of, ACTIONS))
    where = [f"fault {part + 1}" if isinstance(part, int) else part for part in problem["loc"] if part not in names]
    message = problem["msg"].removeprefix("Value error, ")
    if problem["type"] == "union_tag_invalid":
        message = f"action {problem['ctx']['tag']!r} is unknown; one of {', '.join(sorted(names))}"
    elif problem["type"] == "union_tag_not_found":
        message = f"no action; name one of {', '.join(sorted(names))}"
    return f"{'.'.join(where) or 'fault'}: {message}"
