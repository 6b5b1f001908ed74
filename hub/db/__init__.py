"""The one relational database: alerts, people, gateways, audit. SQLite embedded, PostgreSQL by address."""

from __future__ import annotations

from hub.db.database import Database

__all__ = ["Database"]
