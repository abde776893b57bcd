"""What a spec says of its venue is what the venue is opened with."""

from deskapi import TradingBot
from deskbot.runtime.spec import settings_of
from deskbot.venues.protocol import VenueSettings
from tests.runtime.world import manifest


def test_the_venue_is_told_how_many_bots_share_its_account() -> None:
    def settings(**more: int) -> VenueSettings:
        document = manifest()
        document["spec"]["venue"] |= more
        return settings_of(TradingBot.model_validate(document).spec, None)

    assert (settings().shared_by, settings(sharedBy=3).shared_by) == (1, 3)
