"""What the keys of a record are for, key by key, and the types of structs that come of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

import msgspec

from llm_cost_exporter.types import MOST_TOKENS

if TYPE_CHECKING:
    from llm_cost_exporter.quick.rules import Apart

__all__ = ["COUNT", "MAYBE", "NONE", "NUMBER", "SOME", "Roles", "can_be_named", "kind_of_name", "may_name", "struct"]

COUNT: Final[Any] = Annotated[int, msgspec.Meta(ge=0, le=MOST_TOKENS)]
MAYBE: Final[Any] = COUNT | None
SOME: Final[Any] = Annotated[int, msgspec.Meta(ge=1, le=MOST_TOKENS)]
NONE: Final[Any] = Literal[0] | None  # a count that is not read here, so none may be there
NUMBER: Final[Any] = int | float


class Roles:
    """Gives each key one role; `fit` is False as soon as a key has two."""

    def __init__(self, record: dict[str, Any]) -> None:
        self._record = record
        self.fields: dict[str, tuple[str, Any]] = {}  # by key: attribute, type
        self.named: list[str] = []  # keys
        self.names: list[str] = []  # where a row has their values, and those of keys deeper inside
        self.inner: set[str] = set()  # roles that keys of `usage` have
        self.nested = False  # the counts are in `usage`
        self.vendors_id = False  # `ident` is the response's id, by the format
        self.counts: Callable[[Any], Apart] | None = None  # see forms.Form
        self.only: set[str] = set()
        self.made: dict[str, Callable[[Any], Any]] = {}  # roles that no key has by itself: how a row gives them
        self.fit = True

    def give(self, key: str, attribute: str, kind: Any) -> None:
        self.fit = self.fit and key not in self.fields
        self.fields[key] = attribute, kind

    def first_of(self, keys: tuple[str, ...], attribute: str, kinds: tuple[type, ...], kind: Any) -> None:
        """The first of `keys` has the role. Null may stand there only where no other would be asked instead."""
        if not keys:
            return
        value = self._record[keys[0]]
        self.fit = self.fit and (type(value) in kinds or (value is None and len(keys) == 1))
        if len(keys) == 1:
            self.only.add(attribute)
            kind = kind | None
        self.give(keys[0], attribute, kind)

    def name(self, key: str) -> None:
        """Cells are told apart by the value of `key`. One type a form: 1, 1.0 and true are one key of a dict."""
        if key in self.named:
            return
        value = self._record[key]
        self.fit = self.fit and may_name(value)
        self.give(key, f"named_{len(self.named)}", kind_of_name(value))
        self.names.append(f"named_{len(self.named)}")
        self.named.append(key)

    def name_inside(self, key: str, inner: set[str]) -> None:
        """The same of the values that the object under `key` has for the keys `inner`, as far as it has them."""
        value = self._record[key]
        if type(value) is not dict:
            self.name(key)
            return
        fields: dict[str, tuple[str, Any]] = {}
        self.fit = self.fit and all(map(can_be_named, value))
        for number, (name, each) in enumerate(value.items() if self.fit else ()):
            if name in inner:
                self.fit = self.fit and may_name(each)
                fields[name] = f"named_{number}", kind_of_name(each)
                self.names.append(f"inside_{len(self.named)}.named_{number}")
            else:
                fields[name] = f"unread_{number}", msgspec.Raw
        self.give(key, f"inside_{len(self.named)}", struct("Inside", fields))
        self.named.append(key)


def may_name(value: object) -> bool:
    """Whether cells can be told apart by such a value."""
    return value is None or type(value) in {str, int, bool}


def kind_of_name(value: object) -> Any:
    """The type of such values."""
    return str | None if value is None or type(value) is str else type(value)


def can_be_named(key: str) -> bool:
    """Whether a struct can have a field of this name."""
    return key.isprintable() and '"' not in key and "\\" not in key


def struct(
    name: str, fields: dict[str, tuple[str, Any]], made: dict[str, Callable[[Any], Any]] | None = None
) -> type[msgspec.Struct]:
    """A struct of all of these keys and no others, in the order in which the log has them (the quickest to decode).

    `made` are attributes that are made of the others.
    """
    return msgspec.defstruct(
        name, list(fields.values()), rename={attribute: key for key, (attribute, _) in fields.items()},
        forbid_unknown_fields=True, gc=False, namespace={attribute: property(make) for attribute, make in (made or {}).items()},
    )  # fmt: skip
