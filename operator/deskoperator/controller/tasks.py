"""What the queue's keys are: one kind of work on one bot or policy."""

from dataclasses import dataclass
from enum import StrEnum


class Work(StrEnum):
    """Two kinds of work on a bot, which may go on side by side: the latch waits for nothing. And two on a policy:
    bringing the bots that it concerns to be looked at, which is urgent when it halts them, and counting them."""

    LATCH = "latch"
    BOT = "bot"
    SCOPE = "scope"
    POLICY = "policy"


@dataclass(frozen=True)
class Task:
    """`name` is the bot's or the policy's."""

    work: Work
    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name}"
