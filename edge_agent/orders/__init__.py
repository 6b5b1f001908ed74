"""Orders of the hub: what may be done is done once, verified, and given back when its time is over."""
