"""Which image the release runs its bots on: the operator's Deployment says so in its arguments.

Never the bot's own `spec.image`: that may be what is broken.
"""

from deskoperator.controller.cluster import Cluster
from deskoperator.errors import ApiError, CannotKill
from deskoperator.resources.kinds import DEPLOYMENT, Object

_SELECTOR = "app.kubernetes.io/name=desk-operator,app.kubernetes.io/part-of=trading-desk"
_ARGUMENT = "--bot-image"
_SAY = "say which with --bot-image"


async def bot_image(cluster: Cluster, namespace: str) -> str:
    """The image; looked for in the bot's namespace, then in all. Raises `CannotKill` with one clear line."""
    for place in (namespace, None):
        try:
            found = await cluster.list(DEPLOYMENT, place, _SELECTOR)
        except ApiError as error:
            raise CannotKill(
                f"the operator's Deployment cannot be read for the bot's image ({error}): {_SAY}"
            ) from None
        images = sorted({image for deployment in found for image in images_of(deployment)})
        if len(images) == 1:
            return images[0]
        if images:
            raise CannotKill(f"several releases run bots, on {', '.join(images)}: {_SAY}")
    raise CannotKill(f"there is no operator's Deployment that names the bot's image: {_SAY}")


def images_of(deployment: Object) -> list[str]:
    """What the operator's containers are told."""
    containers = deployment["spec"]["template"]["spec"]["containers"]
    arguments: list[list[str]] = [container.get("args") or [] for container in containers]
    return [args[args.index(_ARGUMENT) + 1] for args in arguments if _ARGUMENT in args[:-1]]
