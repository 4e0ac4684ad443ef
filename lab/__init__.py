"""The lab: a local FortiSOAR, FortiMonitor and FortiSIEM to run the connector against. Never shipped."""
