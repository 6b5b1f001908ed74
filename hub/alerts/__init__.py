"""The life of every alert: what agents report, what people do about it, and the store that remembers both."""
