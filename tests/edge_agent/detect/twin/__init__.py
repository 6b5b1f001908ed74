"""The rule language a second time: slow, obvious, and without a line of the detection core."""
