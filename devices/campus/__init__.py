"""The site file: buildings, areas, zones, devices, rules and calendars, loaded once and strictly."""
