"""FortiMonitor's API."""
