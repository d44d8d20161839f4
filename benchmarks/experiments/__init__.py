"""The experiments the paper calls for, each one command that writes a table and a figure."""
