"""The command line: one file per command, one for output, one that starts them."""
