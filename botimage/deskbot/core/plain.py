"""Plain values of the busy path: classes with `__slots__`, which mypyc makes native; a dataclass stays opaque to it.

They are compared and shown by their fields, as a dataclass would be.
"""

from typing import Any, ClassVar


class Plain:
    """A value that equals another one of its class with the same fields.

    `FIELDS` names them in the order of the constructor; the last `LATER` of them have defaults.
    """

    FIELDS: ClassVar[tuple[str, ...]] = ()
    LATER: ClassVar[int] = 0
    __slots__ = ()

    def row(self) -> tuple[Any, ...]:
        """The name of the class and the fields; records spell theirs out, which takes a third of the time."""
        return (type(self).__name__, *[getattr(self, name) for name in self.FIELDS])

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Plain) and self.row() == other.row()

    __hash__ = None  # type: ignore[assignment]  # it can change

    def __repr__(self) -> str:
        fields = ", ".join(f"{name}={getattr(self, name)!r}" for name in self.FIELDS)
        return f"{type(self).__name__}({fields})"
