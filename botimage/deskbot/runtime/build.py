"""Which build of the bot this process runs."""

from deskbot.core import engine


def is_compiled() -> bool:
    """Whether the engine is native code: compiled and pure decide the same, at another speed."""
    return not str(engine.__file__).endswith(".py")
