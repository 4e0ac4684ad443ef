"""Stands in for the appliance's ``connectors.debug_utils``."""
