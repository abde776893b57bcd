"""All that the tests and the demo need and that takes long, ahead of time. Nothing is left running."""

from tests.cluster import engine, images, kind, node_image, tools
from tests.cluster.commands import say


def everything() -> None:
    """Fills the cache: the programs, the node image, the desk's images."""
    tools.tools(sorted({*tools.API_SERVER_TIER, *tools.KIND_TIER, "actionlint"}))
    if kind.uses_current_cluster():
        return
    was_running = engine.find_engine() is not None
    running = engine.ensure_engine()
    node_image.ensure_node_image(running)
    images.prefetch(running)
    if not was_running:
        engine.stop_engine()
    say("everything is there")
