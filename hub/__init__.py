"""The server: keeps what the gateways say, and puts it in front of people."""
