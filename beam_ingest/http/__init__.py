"""One HTTP session for all connectors: pool, retries, pagination."""
