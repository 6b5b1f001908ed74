"""Every table, as SQLAlchemy Core sees it; `migrations` builds the same, and a test compares the two.

Times are UTC microseconds. Text in two languages stands in two columns, `_zh` and `_en`.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    false,
    text,
)

METADATA: Final = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)
#: SQLite numbers rows only in a column called INTEGER; elsewhere 64 bits are spelled out.
RowNumber: Final = BigInteger().with_variant(Integer, "sqlite")

users: Final = Table(
    "users",
    METADATA,
    Column("name", String(64), primary_key=True),
    Column("password", String(256), nullable=False),  # Argon2id, with its own salt and parameters
    Column("role", String(16), nullable=False),
    Column("disabled", Boolean, nullable=False),
    Column("created_us", BigInteger, nullable=False),
    Column("changed_us", BigInteger, nullable=False),  # of the password
)

sessions: Final = Table(
    "sessions",
    METADATA,
    Column("digest", String(64), primary_key=True),  # SHA-256 of the cookie; the cookie itself is nowhere
    Column("user", String(64), ForeignKey("users.name", ondelete="CASCADE"), nullable=False, index=True),
    Column("created_us", BigInteger, nullable=False),
    Column("seen_us", BigInteger, nullable=False),
    Column("address", String(64), nullable=False),
)

first_run: Final = Table(
    "first_run",
    METADATA,
    Column("id", Integer, primary_key=True),  # always 1
    Column("digest", String(64), nullable=False),  # SHA-256 of the token
    Column("created_us", BigInteger, nullable=False),
)

alerts: Final = Table(
    "alerts",
    METADATA,
    Column("seq", RowNumber, primary_key=True, autoincrement=True),  # people say A-1234
    Column("id", String(64), nullable=False, unique=True),
    Column("agent", String(64), nullable=False),
    Column("state", String(16), nullable=False),
    Column("rank", Integer, nullable=False),  # place of the state on the board, the highest on top
    Column("open", Boolean, nullable=False),  # state is not closed
    Column("severity", Integer, nullable=False),
    Column("family", String(16), nullable=False),
    Column("rule", String(64), nullable=False),
    Column("rule_version", Integer, nullable=False),
    Column("site", String(64), nullable=False),
    Column("device", String(64), nullable=False),
    Column("message_zh", Text, nullable=False),
    Column("message_en", Text, nullable=False),
    Column("unit", String(16), nullable=False),
    Column("value", Float),
    Column("limit", Float),
    Column("evidence", JSON, nullable=False),
    Column("parent", String(64), nullable=False),
    Column("start_us", BigInteger, nullable=False),
    Column("raised_us", BigInteger, nullable=False),
    Column("received_us", BigInteger, nullable=False),
    Column("last_us", BigInteger, nullable=False),  # time of the newest event, whichever order they came in
    Column("shown_us", BigInteger, nullable=False),  # time of the event whose value and message are shown
    Column("cleared_us", BigInteger),
    Column("count", Integer, nullable=False),  # raises and moments; 0: only its end has arrived yet
    Column("historical", Boolean, nullable=False),
    Column("stale", Boolean, nullable=False),
    Column("epoch", Integer, nullable=False),  # counts up when it got worse: an acknowledgement names it
    Column("acked_us", BigInteger),
    Column("acked_by", String(64)),
    Column("assignee", String(64)),
    Column("notes", Integer, nullable=False),
    Column("latch", Boolean, nullable=False, server_default=false()),  # stays open until a person resets it
    # the order of the board; the family lets the counts be read off the index alone
    Index("ix_alerts_board", "open", "severity", "rank", "start_us", "seq", "family"),
    Index("ix_alerts_start_us", "start_us"),
    Index("ix_alerts_device_start_us", "device", "start_us"),
    Index("ix_alerts_agent_open", "agent", "open"),
    sqlite_autoincrement=True,
)

alert_history: Final = Table(
    "alert_history",
    METADATA,
    Column("id", RowNumber, primary_key=True, autoincrement=True),
    Column("alert", String(64), ForeignKey("alerts.id"), nullable=False),
    Column("time_us", BigInteger, nullable=False),  # of the event; for an act of a person, when it was done
    Column("received_us", BigInteger, nullable=False),
    Column("act", String(16), nullable=False),
    Column("actor", String(64), nullable=False),
    Column("text", Text, nullable=False),
    Column("before", String(16)),
    Column("after", String(16), nullable=False),
    Column("severity", Integer),
    Column("value", Float),
    # `raise@123` for an agent's event, so that its repeat is refused for ever; NULL for a person's act
    Column("event", String(40)),
    UniqueConstraint("alert", "event"),
    Index("ix_alert_history_alert_id", "alert", "id"),
    sqlite_autoincrement=True,
)

ledger: Final = Table(
    "ledger",
    METADATA,
    Column("agent", String(64), primary_key=True),
    Column("epoch", BigInteger, primary_key=True),
    Column("lane", String(16), primary_key=True),
    Column("seq", BigInteger, primary_key=True),
    Column("received_us", BigInteger, nullable=False, index=True),
)

agents: Final = Table(
    "agents",
    METADATA,
    Column("agent", String(64), primary_key=True),
    Column("state", String(16), nullable=False),  # online, offline, never
    Column("since_us", BigInteger, nullable=False),  # of the state
    Column("seen_us", BigInteger),  # hub time of the last message
    Column("hello", JSON),
    Column("hello_us", BigInteger),
    Column("health", JSON),
    Column("health_us", BigInteger),
    Column("username", String(64)),
    Column("password_hash", String(128)),  # bcrypt, as brokers want it
    Column("enrolled_us", BigInteger),
)

quarantine: Final = Table(
    "quarantine",
    METADATA,
    Column("id", RowNumber, primary_key=True, autoincrement=True),
    Column("time_us", BigInteger, nullable=False),
    Column("agent", String(64), nullable=False),
    Column("topic", String(256), nullable=False),
    Column("reason", Text, nullable=False),
    Column("bytes", Integer, nullable=False),  # size of the whole message
    Column("sample", LargeBinary, nullable=False),  # its beginning
    sqlite_autoincrement=True,
)

rule_sets: Final = Table(
    "rule_sets",
    METADATA,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("base", Integer, nullable=False),  # the set in force when it was published; 0: the site file alone
    Column("time_us", BigInteger, nullable=False),
    Column("author", String(64), nullable=False),
    Column("note", Text, nullable=False),
    Column("text", Text, nullable=False),  # every rule of the set, as it goes to the agents
    Column("changes", JSON, nullable=False),  # what is different against the base
    Column("removed", JSON, nullable=False),
    Column("warnings", JSON, nullable=False),  # that the author acknowledged
    Column("backtest", String(64)),
    Column("again", Integer),  # the former set that this one brings back
    Column("needs_approval", Boolean, nullable=False),
)

rule_acts: Final = Table(
    "rule_acts",
    METADATA,
    Column("id", RowNumber, primary_key=True, autoincrement=True),
    Column("number", Integer, ForeignKey("rule_sets.number"), nullable=False, index=True),
    Column("time_us", BigInteger, nullable=False),
    Column("act", String(16), nullable=False),  # approve, withdraw
    Column("actor", String(64), nullable=False),
    Column("reason", Text, nullable=False),
    sqlite_autoincrement=True,
)

rule_rollout: Final = Table(
    "rule_rollout",
    METADATA,
    Column("number", Integer, primary_key=True, autoincrement=False),  # 0: the site file alone
    Column("agent", String(64), primary_key=True),
    Column("state", String(16), nullable=False),  # pending, running, refused
    Column("since_us", BigInteger, nullable=False),
    Column("problems", JSON, nullable=False),
)

audit: Final = Table(
    "audit",
    METADATA,
    Column("id", RowNumber, primary_key=True, autoincrement=True),
    Column("time_us", BigInteger, nullable=False),
    Column("actor", String(64), nullable=False),
    Column("verb", String(32), nullable=False),
    Column("object", String(128), nullable=False),
    Column("content", Text, nullable=False),  # everything, as canonical JSON; what the digest covers
    Column("digest", String(64), nullable=False),  # SHA-256 of the digest before and this content
    sqlite_autoincrement=True,
)

settings: Final = Table(
    "settings",
    METADATA,
    Column("name", String(64), primary_key=True),
    Column("value", JSON, nullable=False),
)

orders: Final = Table(
    "orders",
    METADATA,
    Column("seq", RowNumber, primary_key=True, autoincrement=True),  # people say O-12
    Column("id", String(32), nullable=False, unique=True),
    Column("kind", String(16), nullable=False),
    Column("agent", String(64), nullable=False),
    Column("target", String(64), nullable=False),
    Column("args", JSON, nullable=False),
    Column("actor", String(64), nullable=False),
    Column("why", Text, nullable=False),
    Column("created_us", BigInteger, nullable=False),
    Column("expires_us", BigInteger, nullable=False),
    Column("rule", String(64)),
    Column("alert", String(64)),
    Column("state", String(16), nullable=False),
    Column("open", Boolean, nullable=False),
    Column("assumed", Boolean, nullable=False),
    Column("code", String(24), nullable=False),
    Column("text", Text, nullable=False),
    Column("before", Float),
    Column("after", Float),
    Column("data", Text, nullable=False),
    Column("sent_us", BigInteger),
    Column("taken_us", BigInteger),
    Column("verified_us", BigInteger),
    Column("ended_us", BigInteger),
    Column("until_us", BigInteger),
    Column("cancelled_by", String(64)),
    Index("ix_orders_open_agent", "open", "agent"),
    Index("ix_orders_target_created_us", "target", "created_us"),
    Index("ix_orders_assumed_created_us", "assumed", "created_us"),
    # one at a time of each kind, whoever asks
    Index(
        "uq_orders_open",
        "kind",
        "target",
        unique=True,
        sqlite_where=text("open"),
        postgresql_where=text("open"),
    ),
    sqlite_autoincrement=True,
)

order_history: Final = Table(
    "order_history",
    METADATA,
    Column("id", RowNumber, primary_key=True, autoincrement=True),
    Column("order", String(32), ForeignKey("orders.id"), nullable=False, index=True),
    Column("time_us", BigInteger, nullable=False),
    Column("state", String(16), nullable=False),
    Column("actor", String(64), nullable=False),
    Column("code", String(24), nullable=False),
    Column("text", Text, nullable=False),
    Column("before", Float),
    Column("after", Float),
    sqlite_autoincrement=True,
)

order_timers: Final = Table(
    "order_timers",
    METADATA,
    Column("alert", String(64), primary_key=True),  # whose rule orders something while it stands
    Column("rule", String(64), nullable=False),
    Column("device", String(64), nullable=False),
    Column("due_us", BigInteger, nullable=False),
    Column("lease_us", BigInteger, nullable=False),  # until then whoever claimed it may act on it
    Column("holder", String(32), nullable=False),
    Column("done_us", BigInteger),
    Column("outcome", String(64), nullable=False),  # the order, or why there is none
    Index("ix_order_timers_done_us_due_us", "done_us", "due_us"),
)

order_freezes: Final = Table(
    "order_freezes",
    METADATA,
    Column("scope", String(64), primary_key=True),  # an agent; * for all
    Column("frozen", Boolean, nullable=False),
    Column("number", BigInteger, nullable=False),  # counts up with each change
    Column("actor", String(64), nullable=False),
    Column("why", Text, nullable=False),
    Column("time_us", BigInteger, nullable=False),
)
