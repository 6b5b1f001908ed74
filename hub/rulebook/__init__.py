"""Published rules: numbered sets, who answers for them, which is in force, and how they reach the agents."""
