"""What the hub remembers of its agents: who may connect, who is there, what they said, what was set aside."""
