"""ONVIF, as much as a watcher needs: who is there, what time it is there, where pictures are, what it reports."""
