"""`kubectl desk`: what a person does to a desk of bots, by the API server alone. It works with the operator gone."""

from deskoperator.kubectl.command import main

__all__ = ["main"]
