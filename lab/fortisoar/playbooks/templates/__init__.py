"""Jinja as playbooks use it."""
