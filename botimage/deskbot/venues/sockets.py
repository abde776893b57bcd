"""What ccxt's WebSocket client lacks, put on each client as it is made; the installed package stays as it is.

* A message that cannot be read, for whatever reason, breaks the connection. In ccxt it would end the receiving loop
  without a word, and every waiter would hang until the next missed ping.
* Pings are kept on the loop's clock. ccxt keeps them on the wall clock: a step forward breaks every connection, and
  a step back lets a dead one live for as long as the step.
"""

import asyncio
from types import MethodType
from typing import Any

MISSES = 2  # pings without any answer that end a connection


class Guarded:
    """Mixed into a ccxt.pro exchange."""

    throttler: Any
    clients: Any

    def ws_dial_delay(self, _url: str) -> float:
        """None: the waits between two attempts are the desk's own (`streams.py`), not ccxt's as well."""
        return 0.0

    def client(self, url: str) -> Any:
        """ccxt's client of an address, guarded when it is new."""
        new = url not in (self.clients or {})  # ccxt puts the client into that very dictionary
        client = super().client(url)  # type: ignore[misc]
        if new:
            client.throttle = self.throttler
            client.handle_text_or_binary_message = MethodType(_handle, client)
            client.ping_loop = MethodType(_ping, client)
        return client


def _handle(client: Any, data: Any) -> None:
    if client.error is not None:
        return  # the connection is being dropped; what still arrives belongs to nobody
    try:
        type(client).handle_text_or_binary_message(client, data)
    except Exception as error:  # whatever it was, the stream is no longer known to be whole
        client.on_error(error)


async def _ping(client: Any) -> None:
    seconds, missed = client.keepAlive / 1000, 0
    while client.error is None and not client.closed():
        await asyncio.sleep(seconds)
        if client.lastPong is not None:
            missed, client.lastPong = 0, None
        if missed >= MISSES:
            client.on_error(ConnectionError(f"no answer to a ping for {missed * seconds:g} s"))
            return
        missed += 1
        try:
            await (client.send(client.ping(client)) if client.ping else client.connection.ping())
        except Exception as error:
            if not client.closed():
                client.on_error(error)
            return
