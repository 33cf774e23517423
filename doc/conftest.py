# Only the guide's own pages hold doctests; the rest is configuration and build output.
collect_ignore_glob = ["*.py", "auto_examples/*", "generated/*", "_build/*"]
