"""Checks of playbooks that need no run."""
