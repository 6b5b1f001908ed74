"""Who may connect to the broker: those who are enrolled, each with the topics that are its own."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import Final

from devices.campus.site import Campus, MqttLink
from devices.model.errors import Unreachable
from hub.broker import BrokerUser, EmbeddedBroker, agent_user, field_user
from hub.db import Database
from hub.gateways import roster
from hub.gateways.roster import Credentials

_log = logging.getLogger(__name__)

#: Field devices of all sites, where they speak through the embedded broker.
FIELD: Final = "field"
#: Brings in what was measured before there was a hub.
HISTORY: Final = "history"


def may_enrol(campus: Campus) -> list[str]:
    """Names that can be enrolled."""
    return [*campus.agents, FIELD, HISTORY]


class Admission:
    """Keeps the embedded broker's accounts equal to the roster; an external broker keeps its own.

    Attributes:
        agents: those whose messages are taken; the ingest looks into it for each message.
    """

    def __init__(self, db: Database, campus: Campus, *, external: bool) -> None:
        self.agents: set[str] = {*campus.agents, HISTORY} if external else set()
        self._db = db
        self._campus = campus
        self._external = external
        self._broker: EmbeddedBroker | None = None

    async def users(self) -> list[BrokerUser]:
        """The accounts as the roster has them now."""
        found = await self._db.read(roster.credentials)
        if not self._external:
            self.agents.clear()
            self.agents.update(one.agent for one in found)
        return [self._user(one) for one in found]

    def serve(self, broker: EmbeddedBroker) -> None:
        """From now on this broker is told of changes."""
        self._broker = broker

    async def refresh(self) -> None:
        """Tell the broker who may connect now; whoever is out is disconnected."""
        users = await self.users()
        if self._broker is None:
            return
        try:
            await self._broker.set_users(users)
        except Unreachable as error:
            _log.warning("%s", error)

    def _user(self, one: Credentials) -> BrokerUser:
        if one.agent == FIELD:
            return field_user(one.username, one.password_hash, self._prefixes(self._campus.links))
        own = (link.id for link in self._campus.links_of(one.agent))
        return agent_user(one.username, one.password_hash, self._prefixes(own))

    def _prefixes(self, links: Iterable[str]) -> list[str]:
        found = (self._campus.links[name] for name in links)
        return sorted({link.prefix for link in found if isinstance(link, MqttLink)})
