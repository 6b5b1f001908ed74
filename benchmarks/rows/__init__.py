"""One file per row of the table; each is a module with NAME, WORK, PEER and run()."""
