"""The program on each gateway: reads devices, judges what they say, and passes it on without loss."""
