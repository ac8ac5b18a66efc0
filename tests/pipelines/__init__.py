"""Every file of pipelines/ is run."""
