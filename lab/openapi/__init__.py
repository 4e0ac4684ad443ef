"""What a running lab says of itself in OpenAPI's words: made from the routes that it serves."""

from .document import described

__all__ = ["described"]
