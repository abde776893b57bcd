"""Tests of the operator."""  # noqa: A005 named after the room it tests
