"""Stands in for the appliance's ``connectors.cyops_utilities``."""
