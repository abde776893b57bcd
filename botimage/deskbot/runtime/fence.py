"""Whether this process may add risk at all, asked by whoever sends orders, and told when it changes."""

from collections.abc import Callable
from typing import Protocol

from deskbot.core.errors import DeskError


class Fence(Protocol):
    """What stands between a bot and its orders besides its own engine."""

    def why_not(self) -> DeskError | None:
        """Why no risk may be added at this moment; None when it may."""
        ...

    def refusal(self) -> str:
        """Why an order whose timestamp was taken must not leave; "" when it leaves now."""
        ...

    def listen(self, hear: Callable[[], None]) -> None:
        """Call `hear`, and nobody from before, whenever the answer has changed."""
        ...

    async def settled(self) -> None:
        """Return when the first answer is known, or soon at the latest."""
        ...


class Unfenced:
    """A bot without a cluster: nobody else can run it, the lock of its journal sees to that."""

    def why_not(self) -> DeskError | None:
        """Nothing stands against it."""
        return None

    def refusal(self) -> str:
        """Nothing does."""
        return ""

    def listen(self, hear: Callable[[], None]) -> None:
        """It never changes."""

    async def settled(self) -> None:
        """It is known."""
