"""The outside systems: one folder each, the contract they keep (base.py), and the runner that drives them."""
