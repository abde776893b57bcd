"""Tapes of quotes: a NumPy archive with one array per field, read in pieces and never as a whole.

| array              | type    | content                                                        |
|--------------------|---------|----------------------------------------------------------------|
| time_ns            | int64   | nanoseconds since the Unix epoch, never going back             |
| bid, ask           | int64   | best prices in ticks of 0.1 USDT, the bid below the ask        |
| bid_size, ask_size | float64 | their sizes in BTC                                             |

`make` writes the synthetic tape of the reference workload; the same quotes and seed give the same arrays everywhere.
"""

import zipfile
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Final, Self

import numpy as np
import numpy.typing as npt

from deskbot.core.market import JUMP_PARTS

ARRAYS: Final = {"time_ns": "i8", "bid": "i8", "ask": "i8", "bid_size": "f8", "ask_size": "f8"}
CHUNK: Final = 8_000  # quotes at once: 1.6 MB as Python integers, which stay in the cache while they are used
LOTS_PER_BTC: Final = 1000
LARGEST: Final = 2**40  # ticks, and lots: larger numbers are no prices and no sizes
Piece = tuple[list[int], list[int], list[int], list[int], list[int]]


def make(quotes: int, seed: int) -> dict[str, npt.NDArray[Any]]:
    """Random walk of the best bid: 60 % of updates change sizes only, the spread is one to three ticks."""
    random = np.random.default_rng(seed)
    step = np.rint(random.normal(0, 4.0, quotes)).astype("i8")
    step[random.random(quotes) < 0.6] = 0
    bid = 600_000 + np.cumsum(step)
    time_ns = 1_704_067_200_000_000_000 + np.cumsum(random.exponential(5e6, quotes).astype("i8") + 1000)
    ask = bid + random.integers(1, 4, quotes)
    bid_size, ask_size = (np.round(random.lognormal(0, 1, quotes) + 0.001, 3) for _ in range(2))
    return {"time_ns": time_ns, "bid": bid, "ask": ask, "bid_size": bid_size, "ask_size": ask_size}


class Tape:
    """An open tape of `quotes` quotes. Raises ValueError, in one line, for a file that is none."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._arrays: dict[str, IO[bytes]] = {}
        try:
            self._archive = zipfile.ZipFile(path)
        except (OSError, zipfile.BadZipFile) as error:
            raise ValueError(f"{path}: not a tape: {error}") from error
        try:
            self.quotes = self._length({name: self._open(name, kind) for name, kind in ARRAYS.items()})
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        for array in self._arrays.values():
            array.close()
        self._archive.close()

    def pieces(self) -> Iterator[Piece]:
        """Times, bids, asks, bid lots and ask lots, checked. Each piece begins after `CHUNK` quotes, or at a jump."""
        last_time = last_half = done = 0
        while done < self.quotes:
            count = min(CHUNK, self.quotes - done)
            arrays = {name: self._read(name, kind, count) for name, kind in ARRAYS.items()}
            self._check(arrays, done, last_time)
            half = arrays["bid"] + arrays["ask"]
            before = np.concatenate(([last_half or half[0]], half[:-1]))
            jumps = np.flatnonzero(np.abs(half - before) * JUMP_PARTS > before)
            columns = [arrays[name] for name in ("time_ns", "bid", "ask")]
            columns += [np.rint(arrays[name] * LOTS_PER_BTC).astype("i8") for name in ("bid_size", "ask_size")]
            bounds = [0, *(int(jump) for jump in jumps if jump), count]
            for first, end in pairwise(bounds):
                times, bids, asks, bid_lots, ask_lots = (column[first:end].tolist() for column in columns)
                yield times, bids, asks, bid_lots, ask_lots
            last_time, last_half = int(arrays["time_ns"][-1]), int(half[-1])
            done += count

    def _length(self, lengths: dict[str, int]) -> int:
        if len(set(lengths.values())) > 1:
            raise self._wrong(f"the arrays differ in length: {lengths}")
        if not lengths["bid"]:
            raise self._wrong("there are no quotes in it")
        return lengths["bid"]

    def _open(self, name: str, kind: str) -> int:
        """Open one array and return its length."""
        try:
            file = self._archive.open(f"{name}.npy")
            version = np.lib.format.read_magic(file)
            read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
            shape, _fortran, dtype = read(file)
        except KeyError:
            raise self._wrong(f"the array {name} is missing; a tape has {', '.join(ARRAYS)}") from None
        except (ValueError, OSError, zipfile.BadZipFile) as error:
            raise self._wrong(f"the array {name} cannot be read: {error}") from error
        self._arrays[name] = file
        if dtype != np.dtype(kind) or len(shape) != 1:
            raise self._wrong(f"{name} is {dtype} of shape {shape}; one dimension of {np.dtype(kind)} is wanted")
        return int(shape[0])

    def _read(self, name: str, kind: str, count: int) -> npt.NDArray[Any]:
        size = np.dtype(kind).itemsize * count
        try:
            data = self._arrays[name].read(size)
        except (OSError, zipfile.BadZipFile) as error:
            raise self._wrong(f"the array {name} is damaged: {error}") from error
        if len(data) != size:
            raise self._wrong(f"the array {name} ends early")
        return np.frombuffer(data, kind)

    def _check(self, arrays: dict[str, npt.NDArray[Any]], done: int, last_time: int) -> None:
        time_ns, bid, ask = arrays["time_ns"], arrays["bid"], arrays["ask"]
        self._require((bid > 0) & (ask < LARGEST), done, "prices are ticks from 1 up to 2^40")
        self._require(bid < ask, done, "the bid is not below the ask")
        for name in ("bid_size", "ask_size"):
            sound = (arrays[name] >= 0) & (arrays[name] < LARGEST / LOTS_PER_BTC)  # not a number is not sound
            self._require(sound, done, f"{name} is no size in BTC")
        before = np.concatenate(([last_time], time_ns[:-1]))
        self._require((time_ns > 0) & (time_ns >= before), done, "time_ns goes back or is not after 1970")

    def _require(self, sound: npt.NDArray[np.bool_], done: int, words: str) -> None:
        if not sound.all():
            raise self._wrong(f"quote {done + int(np.argmin(sound)) + 1}: {words}")

    def _wrong(self, words: str) -> ValueError:
        return ValueError(f"{self.path}: {words}")
