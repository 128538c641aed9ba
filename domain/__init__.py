"""The rules of the hub, without any I/O: what a report is, what may happen to it, where it lies, who may see it."""
