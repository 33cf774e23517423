"""Linear quadratic fine-tuning beside other ways to update a network."""
