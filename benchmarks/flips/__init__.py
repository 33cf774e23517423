"""Negative flips of every method on real updates; see ``__main__``."""
