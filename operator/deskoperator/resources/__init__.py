"""The children of a bot as plain objects: pure builders, one file per child."""
