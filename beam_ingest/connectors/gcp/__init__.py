"""Google Cloud: secrets."""
