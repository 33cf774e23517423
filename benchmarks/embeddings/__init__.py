"""Compatible embedders on real sets."""
