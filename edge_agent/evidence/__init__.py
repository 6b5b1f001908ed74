"""Clips and pictures of vehicles that were too fast: cut out of a camera's stream, kept, and chained by hashes."""
