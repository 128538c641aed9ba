"""Measurements as ratios against a peer in the same run: times on a shared machine are noise, ratios carry over."""
