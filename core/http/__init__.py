"""One product's HTTP: connections, requests, answers, limits."""
