"""Stands in for the appliance's ``connectors.core``: the base class, its result, its errors and its constants."""
