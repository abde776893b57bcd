"""Faults on order: what goes wrong, where, how often.

A fault names an action and an endpoint (a shell pattern over the un-prefixed path such as `/v5/order/*`, an operation
of the trade stream such as `order.create`, or a stream topic such as `orderbook.50.BTCUSDT`). It fires for its next
`count` matches, or with `probability` from the simulator's seed; each firing is counted.

| action           | a request                                       | a stream message        |
|------------------|-------------------------------------------------|-------------------------|
| `drop`           | never reaches the venue, the connection closes  | is swallowed: a gap     |
| `acceptThenDrop` | takes effect, the connection closes unanswered  | sent, then disconnected |
| `delay`          | waits `delayMs` before it takes effect          | waits, order is kept    |
| `delayReply`     | takes effect, the answer waits `delayMs`        | waits, order is kept    |
| `garbage`        | takes effect, answered `status` with `body`     | replaced by `body`      |
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from fnmatch import fnmatchcase
from itertools import count
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic.alias_generators import to_camel

Action = Literal["drop", "acceptThenDrop", "delay", "delayReply", "garbage"]


class FaultRequest(BaseModel):
    """The body of `POST /faults`."""

    model_config = ConfigDict(alias_generator=to_camel, extra="forbid", frozen=True)

    action: Action
    endpoint: Annotated[str, Field(min_length=1)]
    account: str | None = None
    count: Annotated[int, Field(ge=1)] | None = None
    probability: Annotated[float, Field(gt=0, le=1)] | None = None
    delay_ms: Annotated[int, Field(ge=0, le=600_000)] = 0
    status: Annotated[int, Field(ge=200, le=599)] = 200
    body: str = "<html><body>Service unavailable</body></html>"

    @model_validator(mode="after")
    def _consistent(self) -> FaultRequest:
        if self.count is not None and self.probability is not None:
            raise ValueError("count and probability exclude each other: give one of them (neither means count 1)")
        if self.action.startswith("delay") and self.delay_ms == 0:
            raise ValueError(f"delayMs is 0: {self.action} needs how long to wait, such as 500")
        return self


class Fault:
    """One fault in force, and how often it has fired."""

    def __init__(self, number: int, request: FaultRequest) -> None:
        self.number = number
        self.request = request
        self.injections = 0

    @property
    def exhausted(self) -> bool:
        if self.request.probability is not None:
            return False
        return self.injections >= (self.request.count or 1)

    def matches(self, endpoint: str, account: str) -> bool:
        request = self.request
        return fnmatchcase(endpoint, request.endpoint) and request.account in (None, account)

    def view(self) -> dict[str, Any]:
        view = self.request.model_dump(by_alias=True, exclude_none=True)
        return {"id": self.number, **view, "injections": self.injections, "exhausted": self.exhausted}


class Faults:
    """The faults in force, oldest first; the first that matches and fires wins."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(f"{seed}:faults")  # noqa: S311 - faults are repeatable, not secret
        self._numbers = count(1)
        self._faults: list[Fault] = []
        self._cleared_injections = 0

    def add(self, body: object) -> Fault:
        """Raises ValueError with one clear line when the body is no fault."""
        try:
            fault = Fault(next(self._numbers), FaultRequest.model_validate(body))
        except ValidationError as error:
            raise ValueError(_one_line(error)) from error
        self._faults.append(fault)
        return fault

    def clear(self) -> int:
        """Ends every fault; answers how many were known."""
        known = len(self._faults)
        self._cleared_injections += sum(fault.injections for fault in self._faults)
        self._faults.clear()
        return known

    def fire(self, endpoint: str, account: str) -> Fault | None:
        """The fault that hits this request or message, counted, or None."""
        for fault in self._faults:
            if not fault.exhausted and fault.matches(endpoint, account) and self._drawn(fault):
                fault.injections += 1
                return fault
        return None

    def _drawn(self, fault: Fault) -> bool:
        probability = fault.request.probability
        return probability is None or self._random.random() < probability

    def view(self) -> dict[str, Any]:
        total = self._cleared_injections + sum(fault.injections for fault in self._faults)
        return {"faults": [fault.view() for fault in self._faults], "injections": total}


def _one_line(error: ValidationError) -> str:
    problems: list[Mapping[str, Any]] = [dict(problem) for problem in error.errors()]
    return "; ".join(
        f"{'.'.join(map(str, problem['loc'])) or 'fault'}: {problem['msg'].removeprefix('Value error, ')}"
        for problem in problems
    )
