"""What can go wrong with the lab itself, in words for whoever runs it."""

from __future__ import annotations


class LabError(Exception):
    """The lab cannot do what it was asked. The text is whole sentences: what, and what to do about it."""
