"""FortiSIEM's API."""
