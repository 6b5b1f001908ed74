"""What is newest: the last value of every point, and the news that screens are told of. In memory only."""
