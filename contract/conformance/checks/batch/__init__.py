"""Checks of the stages that publish an artifact."""
