"""How the tables came to be, one file a step; `hub.db.upgrade` runs them at start."""
