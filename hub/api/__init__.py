"""The REST interface and its event stream: one file a noun. Every route declares who may use it."""
