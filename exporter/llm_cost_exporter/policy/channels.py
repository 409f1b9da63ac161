"""The channels of `alertmanager`: which keys a section has, which of them must be there, and which would be a secret.

A section may stand in a team too, where what it leaves out is the default's; so no key is required here, and `needs` says which the two
together must have. A rendered file holds no secret: a key that would be one (`inline`) names the key for its file.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Final, NamedTuple

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StrictBool, StrictStr

from llm_cost_exporter.config import checks as config_checks
from llm_cost_exporter.policy import checks, places

__all__ = ["CHANNELS", "DEADMAN", "OLD", "Channel", "Channels", "Deadman", "DeadmanEach"]

File = Annotated[StrictStr, AfterValidator(places.secret_file)]
Text = Annotated[StrictStr, AfterValidator(places.text)]
Url = Annotated[StrictStr, AfterValidator(places.public_url)]


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Slack(_Model):
    """An incoming webhook (url_file), whose channel is its own; or a bot's token (token_file), which can write to any channel."""

    url_file: File = ""
    token_file: File = ""
    channel: Text = ""


class Email(_Model):
    """One message to all of `to`. Without `username` the server is asked for no login."""

    to: Annotated[str, BeforeValidator(places.addresses)] = ""
    from_: Annotated[str, BeforeValidator(places.one_address), Field(alias="from")] = ""
    smarthost: Annotated[StrictStr, AfterValidator(places.smarthost)] = ""
    username: Text = ""
    password_file: File = ""
    require_tls: StrictBool = True


class Pagerduty(_Model):
    """An integration of kind Events API v2; `url` is for accounts in the EU."""

    routing_key_file: File = ""
    url: Url = ""


class DeadmanEach(_Model):
    """The service of one out of several Prometheus, told by its external labels."""

    match: dict[Annotated[StrictStr, AfterValidator(checks.target_label)], Text] = {}
    url_file: File = ""


class Deadman(_Model):
    """A service that expects a sign of life each so often; of several Prometheus `each` may have its own."""

    url_file: File = ""
    every: Annotated[str, BeforeValidator(checks.duration(60, 86_400))] = ""
    each: Annotated[list[DeadmanEach], BeforeValidator(checks.some)] = []


class Webhook(_Model):
    """Alertmanager's own JSON, to any address; `token_file` is sent as a bearer token."""

    url_file: File = ""
    token_file: File = ""
    max_alerts: Annotated[int, BeforeValidator(config_checks.whole(0, 100_000))] = 0


class Address(_Model):
    """Discord, Microsoft Teams: an address that is a secret."""

    url_file: File = ""


class Telegram(_Model):
    """A bot and a chat; `topic` is a thread in it."""

    token_file: File = ""
    chat_id: Annotated[int, BeforeValidator(places.chat_id)] = 0
    topic: Annotated[int, BeforeValidator(config_checks.whole(1, 2**31 - 1))] = 0


class Mattermost(_Model):
    """An incoming webhook."""

    url_file: File = ""
    channel: Text = ""


class Rocketchat(_Model):
    """A user's token and its id."""

    url: Url = ""
    token_file: File = ""
    token_id_file: File = ""
    channel: Text = ""


class Webex(_Model):
    """A bot and a room."""

    token_file: File = ""
    room_id: Text = ""


class Pushover(_Model):
    """An application's token, and a user's or group's key."""

    token_file: File = ""
    user_key_file: File = ""


class Line(_Model):
    """A channel of the Messaging API, and the user, group or room that it pushes to."""

    token_file: File = ""
    to: Annotated[StrictStr, AfterValidator(places.line_id)] = ""


class Opsgenie(_Model):
    """An integration's key; `url` is for accounts in the EU."""

    api_key_file: File = ""
    url: Url = ""


class Victorops(_Model):
    """Splunk On-Call: the REST integration's key, and which team it routes to."""

    api_key_file: File = ""
    routing_key: Text = ""


class Incidentio(_Model):
    """incident.io: an alert source's address and token."""

    url_file: File = ""
    token_file: File = ""


class Channel(NamedTuple):
    """A kind of channel: its model, keys of which one must be there (by groups), and what takes a secret's place."""

    model: type[BaseModel]
    needs: tuple[tuple[str, ...], ...]
    inline: dict[str, str]


def _channel(model: type[BaseModel], *needs: str, inline: Mapping[str, str]) -> Channel:
    """`needs` are keys, or two of which one must be there: `url_file|token_file`. `inline` is by file the keys of secrets, apart by spaces."""
    secrets = {secret: file for file, names in inline.items() for secret in names.split()}
    return Channel(model, tuple(tuple(key.split("|")) for key in needs), secrets)


_URL: Final = {"url_file": "url api_url webhook_url"}
_TOKEN: Final = {"token_file": "token bot_token app_token access_token alert_source_token credentials"}
_API_KEY: Final = {"api_key_file": "api_key key"}

CHANNELS: Final = {
    "slack": _channel(Slack, "url_file|token_file", inline=_URL | _TOKEN),
    "email": _channel(
        Email,
        "to",
        "from",
        "smarthost",
        inline={"password_file": "password auth_password smtp_auth_password auth_secret"},
    ),
    "pagerduty": _channel(
        Pagerduty, "routing_key_file", inline={"routing_key_file": "routing_key service_key integration_key key"}
    ),
    "webhook": _channel(Webhook, "url_file", inline=_URL | _TOKEN),
    "discord": _channel(Address, "url_file", inline=_URL),
    "msteams": _channel(Address, "url_file", inline=_URL),
    "telegram": _channel(Telegram, "token_file", "chat_id", inline=_TOKEN),
    "mattermost": _channel(Mattermost, "url_file", inline=_URL),
    "rocketchat": _channel(
        Rocketchat, "url", "token_file", "token_id_file", inline={**_TOKEN, "token_id_file": "token_id user_id"}
    ),
    "webex": _channel(Webex, "token_file", "room_id", inline=_TOKEN),
    "pushover": _channel(Pushover, "token_file", "user_key_file", inline={**_TOKEN, "user_key_file": "user_key user"}),
    "line": _channel(Line, "token_file", "to", inline=_TOKEN),
    "opsgenie": _channel(Opsgenie, "api_key_file", inline=_API_KEY),
    "victorops": _channel(Victorops, "api_key_file", "routing_key", inline=_API_KEY),
    "incidentio": _channel(Incidentio, "url_file", "token_file", inline=_URL | _TOKEN),
}
DEADMAN: Final = _channel(Deadman, "url_file", inline=_URL)

# What an Alertmanager before 0.26 can take a secret from a file for.
OLD: Final = ("slack", "email", "pagerduty")


class Channels(_Model):
    """A section for each kind of channel."""

    slack: Slack = Slack()
    email: Email = Email()
    pagerduty: Pagerduty = Pagerduty()
    webhook: Webhook = Webhook()
    discord: Address = Address()
    msteams: Address = Address()
    telegram: Telegram = Telegram()
    mattermost: Mattermost = Mattermost()
    rocketchat: Rocketchat = Rocketchat()
    webex: Webex = Webex()
    pushover: Pushover = Pushover()
    line: Line = Line()
    opsgenie: Opsgenie = Opsgenie()
    victorops: Victorops = Victorops()
    incidentio: Incidentio = Incidentio()
