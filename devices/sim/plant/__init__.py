"""The physical truth of a campus, from one seed: weather, rooms, meters, pumps, vehicles, doors, scenes."""
