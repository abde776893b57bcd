"""A disk whose fsync fails: the kernel itself answers EIO, to one thread, and to every other as always.

A filter of system calls (seccomp) stays on a thread for as long as it lives, and no longer.
"""

import ctypes
import errno
import platform
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

import pytest

Given = ParamSpec("Given")
Answer = TypeVar("Answer")

_FSYNC, _FDATASYNC = {"x86_64": (74, 75), "aarch64": (82, 83)}.get(platform.machine(), (0, 0))
_LOAD_CALL, _JUMP_IF_EQUAL, _RETURN = 0x20, 0x15, 0x06
_ALLOW, _ERRNO = 0x7FFF0000, 0x00050000
_NO_NEW_PRIVILEGES, _SET_SECCOMP, _FILTER = 38, 22, 2

needs_filters = pytest.mark.skipif(not _FSYNC, reason="the numbers of this machine's system calls are not known here")


class _Step(ctypes.Structure):
    _fields_ = (("code", ctypes.c_ushort), ("yes", ctypes.c_ubyte), ("no", ctypes.c_ubyte), ("value", ctypes.c_uint32))


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("steps", ctypes.POINTER(_Step)))


def _let_fsync_fail() -> None:
    steps = (_Step * 5)(
        _Step(_LOAD_CALL, 0, 0, 0),
        _Step(_JUMP_IF_EQUAL, 1, 0, _FSYNC),
        _Step(_JUMP_IF_EQUAL, 0, 1, _FDATASYNC),
        _Step(_RETURN, 0, 0, _ERRNO | errno.EIO),
        _Step(_RETURN, 0, 0, _ALLOW),
    )
    library = ctypes.CDLL(None, use_errno=True)
    for arguments in (
        (_NO_NEW_PRIVILEGES, 1, 0, 0, 0),
        (_SET_SECCOMP, _FILTER, ctypes.byref(_Program(len(steps), steps)), 0, 0),
    ):
        if library.prctl(*arguments) != 0:
            raise OSError(ctypes.get_errno(), "this machine filters no system calls")


def without_fsync(work: Callable[Given, Answer], *args: Given.args, **more: Given.kwargs) -> Answer:
    """Do something while every fsync fails with EIO."""
    with ThreadPoolExecutor(1, initializer=_let_fsync_fail) as thread:
        return thread.submit(work, *args, **more).result()
