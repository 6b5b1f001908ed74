"""How values travel between edge and hub: topics, messages, and a thin MQTT client."""
