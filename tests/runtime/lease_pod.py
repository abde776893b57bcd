"""A bot's process as it is in a pod, started outside of one: `python -m tests.runtime.lease_pod '{"url": …}'`.

What a pod finds in its environment and its service account comes as one JSON object; all else is what runs in a pod.
"""

import json
import ssl
import sys
from pathlib import Path

import uvloop

from deskbot.cli.ending import status_of
from deskbot.fencing.durations import SECOND
from deskbot.runtime import logs
from deskbot.runtime.clock import Clock
from deskbot.runtime.credentials import from_directory
from deskbot.runtime.kube_api import ApiServer, KubeApi, Pod
from deskbot.runtime.serve import serve_object
from deskbot.runtime.session import Ended, Surroundings
from deskbot.venues.ccxt_venue import CcxtVenue


def main(given: dict[str, str]) -> int:
    """Serve the object until SIGTERM."""
    logs.configure()
    clock = Clock()
    server = ApiServer(given["url"], Path(given["token"]), ssl.create_default_context(cafile=given["authority"]))
    surroundings = Surroundings(
        make_venue=lambda settings: CcxtVenue(settings, clock.now, clock.draw),
        credentials=from_directory(Path(given["credentials"])),
        journal=Path(given["journal"]),
        version="test",
    )

    async def serve() -> Ended:
        api = KubeApi(server, given["namespace"], "bot1")
        duration = int(given["duration"]) * SECOND
        return await serve_object(api, surroundings, clock, given["listen"], Pod(given["uid"], 0), duration)

    return status_of(uvloop.run(serve()))


if __name__ == "__main__":
    raise SystemExit(main(json.loads(sys.argv[1])))
