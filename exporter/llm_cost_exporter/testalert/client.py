"""Alertmanager's API v2, as far as a test alert needs it: who is there, an alert that fires, where it goes, that it is resolved.

Source: api/v2/openapi.yaml of prometheus/alertmanager; the same in 0.25 and 0.33, which tells in its groups what is muted.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import requests

from llm_cost_exporter.errors import ExporterError
from llm_cost_exporter.testalert.session import Session

__all__ = ["Alertmanager", "Routed"]

Labels = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Routed:
    """Where an alert went: the names of its receivers, and what keeps it from all or some of them."""

    receivers: tuple[str, ...]
    silenced_by: tuple[str, ...] = ()  # ids of silences
    inhibited_by: tuple[str, ...] = ()  # fingerprints of alerts
    muted: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # receiver -> names of time intervals


class Alertmanager:
    """One Alertmanager. Every failure is an ExporterError in one line."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._ahead = 0.0  # seconds by which its clock is before ours

    @property
    def url(self) -> str:
        """Its address, without a user."""
        return self._session.base

    def version(self) -> str:
        """Its version; makes sure that it is an Alertmanager, and learns its clock."""
        asked = time.time()
        answer = self._session.get("/api/v2/status")
        status = self._json(answer)
        info = status.get("versionInfo") if isinstance(status, dict) else None
        if not isinstance(info, dict):
            raise self._no_alertmanager()
        self._ahead = _clock(answer, asked) - asked
        return str(info.get("version", "of an unknown version"))

    def fire(self, labels: Labels, annotations: Labels, link: str, seconds: float) -> float:
        """An alert that ends by itself after so many seconds; gives its beginning on Alertmanager's clock."""
        start = self._now()
        self._post(labels, annotations, link, start, start + seconds)
        return start

    def resolve(self, labels: Labels, annotations: Labels, link: str, start: float) -> None:
        """End the alert now."""
        self._post(labels, annotations, link, start, max(self._now(), start))

    def routed(self, labels: Labels) -> Routed | None:
        """Where the alert with exactly these labels went; None while, or once, Alertmanager does not hold it as firing."""
        for alert in self._alerts("/api/v2/alerts", labels):
            if alert["labels"] == dict(labels):
                status = alert["status"]
                return Routed(
                    tuple(one["name"] for one in alert["receivers"]),
                    tuple(status.get("silencedBy") or ()),
                    tuple(status.get("inhibitedBy") or ()),
                    self._muted(labels),
                )
        return None

    def _muted(self, labels: Labels) -> dict[str, tuple[str, ...]]:
        return {
            group["receiver"]["name"]: tuple(names)
            for group in self._alerts("/api/v2/alerts/groups", labels)
            for alert in group["alerts"]
            if alert["labels"] == dict(labels) and (names := alert["status"].get("mutedBy"))
        }

    def _alerts(self, path: str, labels: Labels) -> list[Any]:
        matchers = [f"{name}={json.dumps(value, ensure_ascii=False)}" for name, value in labels.items()]
        found = self._json(self._session.get(path, filter=matchers))
        return found if isinstance(found, list) else []

    def metrics(self) -> str:
        """The text of its /metrics; empty where that is not to be had."""
        try:
            answer = self._session.get("/metrics")
        except ExporterError:
            return ""
        return answer.text if answer.status_code == 200 else ""

    def _now(self) -> float:
        return time.time() + self._ahead

    def _post(self, labels: Labels, annotations: Labels, link: str, start: float, end: float) -> None:
        alert = {
            "labels": dict(labels),
            "annotations": dict(annotations),
            "generatorURL": link,
            "startsAt": _text(start),
            "endsAt": _text(end),
        }
        self._check(self._session.post("/api/v2/alerts", [alert]))

    def _json(self, answer: requests.Response) -> Any:
        self._check(answer)
        try:
            return answer.json()
        except requests.exceptions.JSONDecodeError:
            raise self._no_alertmanager() from None

    def _check(self, answer: requests.Response) -> None:
        """Raises ExporterError for what is no success."""
        status = answer.status_code
        if status == 401:
            raise ExporterError(
                f"{self.url}: unauthorised (401): the user or token is missing or wrong;"
                " basic_auth or authorization in --http.config.file, or http://USER:PASSWORD@HOST, would be right"
            )
        if status == 403:
            raise ExporterError(f"{self.url}: forbidden (403): the user or token may not do this")
        if status in (404, 405):
            raise self._no_alertmanager(f" ({status})")
        if status != 200:
            said = re.sub(r"\s+", " ", answer.text[:200]).strip() if "html" not in _type(answer) else ""
            raise ExporterError(f"{self.url}: answers with status {status}{f': {said}' if said else ''}")

    def _no_alertmanager(self, why: str = "") -> ExporterError:
        return ExporterError(
            f"{self.url}: no Alertmanager is there{why}: nothing that knows /api/v2/status; its address with the path"
            " of --web.route-prefix, such as http://localhost:9093, would be right"
        )


def _type(answer: requests.Response) -> str:
    return answer.headers.get("Content-Type", "").lower()


def _clock(answer: requests.Response, otherwise: float) -> float:
    try:
        return parsedate_to_datetime(answer.headers["Date"]).timestamp()
    except (KeyError, ValueError):
        return otherwise


def _text(when: float) -> str:
    return datetime.fromtimestamp(when, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
