"""One writer for all processes of a machine: who writes, and how the others hand over what is to be written."""
