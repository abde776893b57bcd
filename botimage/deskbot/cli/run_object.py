"""`desk run --object NAMESPACE/NAME`: in a pod."""

import argparse

import uvloop

from deskbot import __version__
from deskbot.cli.ending import status_of
from deskbot.runtime import logs
from deskbot.runtime.clock import Clock
from deskbot.runtime.credentials import from_directory
from deskbot.runtime.kube_api import ApiServer, KubeApi, Pod
from deskbot.runtime.serve import serve_object
from deskbot.runtime.session import Ended, Surroundings
from deskbot.venues.ccxt_venue import CcxtVenue

LISTEN = "0.0.0.0:8080"  # the node's kubelet probes it


def run(arguments: argparse.Namespace) -> int:
    """Serve the object until SIGTERM."""
    logs.configure()
    clock = Clock()
    server, pod = ApiServer.of_this_pod(), Pod.this()
    namespace, name = arguments.object.split("/")
    surroundings = Surroundings(
        make_venue=lambda settings: CcxtVenue(settings, clock.now, clock.draw),
        credentials=from_directory(arguments.credentials),
        journal=arguments.journal,
        version=__version__,
    )

    async def main() -> Ended:
        api = KubeApi(server, namespace, name)
        return await serve_object(api, surroundings, clock, arguments.listen or LISTEN, pod)

    return status_of(uvloop.run(main()))
