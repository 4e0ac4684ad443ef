"""Export and import of configuration: records, playbooks, picklists, variables and connectors move between labs."""

from __future__ import annotations

from .service import Moving

__all__ = ["Moving"]
