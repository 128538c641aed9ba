"""What happens by itself: the outbox, deadlines, sweeping. It knows the store and the rules; adapters are handed in."""
