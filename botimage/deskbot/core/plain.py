"""Plain values of the busy path: classes with `__slots__`, which mypyc makes native; a dataclass stays opaque to it.

They are compared and shown by their fields, as a dataclass would be. `mypyc_attr` says what is true of them and of
other objects of the busy path: `acyclic`, none leads back to itself, so the garbage collector need not follow it;
`free_list_len`, one of its kind is gone before the next is made, in the same memory.
"""

from typing import Any, ClassVar

from mypy_extensions import mypyc_attr


@mypyc_attr(acyclic=True)
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
