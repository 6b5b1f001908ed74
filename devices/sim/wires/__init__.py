"""What the agents talk to: Modbus TCP servers, MQTT publishers, HTTP cameras, with faults and a ledger."""
