"""What is measured, against which peer, and how good is good: `make bench`."""
