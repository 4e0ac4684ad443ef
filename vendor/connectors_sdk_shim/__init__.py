"""Stands in for FortiSOAR's own ``connectors`` and ``integrations`` packages off the appliance; never shipped."""
