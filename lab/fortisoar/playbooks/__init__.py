"""Playbooks of the local FortiSOAR: imported, triggered, run step by step, and listed."""
