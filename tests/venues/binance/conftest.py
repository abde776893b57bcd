"""Exchange instances are closed after the test that made them."""

from collections.abc import AsyncIterator

import pytest

from tests.venues.binance.listings import Wire


@pytest.fixture(autouse=True)
async def _closed() -> AsyncIterator[None]:
    yield
    while Wire.made:
        await Wire.made.pop().exchange.close()
