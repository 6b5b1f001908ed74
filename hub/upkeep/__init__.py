"""What the hub does by itself: tells the pages, watches its agents, runs errands, forgets what is old."""
