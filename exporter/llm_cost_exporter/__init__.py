"""A sidecar that turns the usage log an application already writes into exact LLM cost counters for Prometheus."""

__all__ = ["__version__"]

__version__ = "0.1.0"
