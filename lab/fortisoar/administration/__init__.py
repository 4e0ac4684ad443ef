"""What an administrator of the local FortiSOAR does: licence, sessions, users, health, audit log."""
