"""Stands in for the appliance's ``integrations``: the part that connectors import, bound to the lab's FortiSOAR."""
