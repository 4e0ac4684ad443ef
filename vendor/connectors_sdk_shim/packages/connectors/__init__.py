"""Stands in for the appliance's ``connectors``: the part of the SDK that connectors import, written from its contract.

On the appliance this package also holds the installed connectors; here the loader registers them under it.
"""
