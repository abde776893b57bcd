"""The story of the demo, as a test."""

import pytest

from tests.cluster.natives import fit_images
from tests.demo import story
from tests.demo.desk import Desk

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(600)]


def test_the_story_of_the_demo_is_true(desk: Desk) -> None:
    story.trade(desk)
    assert desk.report()["compiled"] == fit_images()  # native in the image, and the fills above were its own
    story.compare(desk)
    story.halt_and_resume(desk)
    story.delete(desk)
