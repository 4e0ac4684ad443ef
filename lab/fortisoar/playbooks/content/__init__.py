"""Playbooks and their collections as FortiSOAR stores and shows them."""
