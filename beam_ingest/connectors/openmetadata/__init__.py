"""OpenMetadata: the sink, the bulk sink and the source that speak to its server."""
