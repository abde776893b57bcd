"""What the queue's keys are: one kind of work on one bot."""

from dataclasses import dataclass
from enum import StrEnum


class Work(StrEnum):
    """Two kinds of work, which may go on for one bot side by side: the latch waits for nothing."""

    LATCH = "latch"
    BOT = "bot"


@dataclass(frozen=True)
class Task:
    """`name` is the bot's."""

    work: Work
    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name}"
