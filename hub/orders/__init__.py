"""Orders to agents: who asked for what and why, how far each is, and what was read before and after."""
