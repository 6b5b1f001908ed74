"""Data sheets of real devices, one YAML file per make and model, and their typed form."""
