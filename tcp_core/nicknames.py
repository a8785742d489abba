"""What a nick may be, and when two nicks are the same.

RFC 8266 (the PRECIS Nickname profile) says which characters and how to compare; Unicode Technical Standard 39,
section 4, says which look alike. Knows nothing about who is here.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterator
from functools import lru_cache
from importlib.resources import files
from ipaddress import ip_network
from itertools import count

import msgspec
from precis_i18n import get_profile

from tcp_core.cleaning import clean, is_visible
from tcp_core.messages import RefusedError

NICK_CHARACTERS = 32
"""The longest nick."""
RAW_CHARACTERS = 16 * NICK_CHARACTERS
"""What is typed as a nick and longer than this is not looked at, since all would wait; no nick comes of it."""
ANONYMOUS = "anon"

_SHOWN = get_profile("NicknameCasePreserved")
_COMPARED = get_profile("Nickname")
_FORBIDDEN_FIRST = "*[/❌"
_FORBIDDEN = "]*"  # "[nick] text" must have one reading, and so must "* nick joined *"
_MARK = "\u200e"
_BLANK = "\u2800"  # looks like a space, and is none
_RESERVED_NAMES = ("parley", "server", "system", "admin", "operator", "сервер", "система", "админ", "оператор")


def enforce(raw: str) -> str:
    """Make a nick to show from what somebody typed.

    :param raw: text as it came; empty or blank means anonymous.
    :return: the nick, in the normal form of RFC 8266.
    :raises RefusedError: `nick-too-long`, `nick-not-allowed` or `nick-reserved`.
    """
    if len(raw) > RAW_CHARACTERS:
        raise RefusedError("nick-too-long", limit=NICK_CHARACTERS, length=len(raw))
    nick = clean(raw).text.strip() or ANONYMOUS
    if len(nick) > NICK_CHARACTERS:
        raise RefusedError("nick-too-long", limit=NICK_CHARACTERS, length=len(nick))
    try:
        nick = _SHOWN.enforce(nick)
        nick_keys = keys(nick)
    except UnicodeEncodeError:
        raise RefusedError("nick-not-allowed", problem="characters") from None
    if len(nick) > NICK_CHARACTERS:  # normalisation can lengthen
        raise RefusedError("nick-too-long", limit=NICK_CHARACTERS, length=len(nick))
    if nick[0] in _FORBIDDEN_FIRST:
        raise RefusedError("nick-not-allowed", problem="starts", sign=nick[0])
    awkward = unicodedata.category(nick[0])[0] == "M" or not is_visible(nick)
    if _BLANK in nick or awkward or clean(nick) != (nick, False):  # normalisation can pile up marks
        raise RefusedError("nick-not-allowed", problem="characters")
    seems = skeleton(nick)
    for sign in _FORBIDDEN:
        if sign in seems:
            raise RefusedError("nick-not-allowed", problem="holds", sign=sign)
    if _is_network(nick):
        raise RefusedError("nick-not-allowed", problem="network")
    if nick_keys & _reserved_keys():
        raise RefusedError("nick-reserved")
    return nick


def _is_network(nick: str) -> bool:
    """Whether `nick` is written like an address or a network, which a ban could mean as well."""
    try:
        ip_network(nick, strict=False)
    except ValueError:
        return False
    return True


@lru_cache(maxsize=16384)
def keys(nick: str) -> frozenset[str]:
    """Return what `nick` shares with every nick that is the same: two nicks are the same if they have a key in common.

    Case and look-alikes go together in two ways: Вob has a Cyrillic capital that looks like B, and B is b; AIex has a
    capital I that looks like l. Hence the skeleton before and after case is folded, and i, which is I, counts as l.

    :raises UnicodeEncodeError: for what is no nick.
    """
    skeletons = (skeleton(_COMPARED.enforce(nick)), skeleton(_SHOWN.enforce(nick)))
    return frozenset(one.lower().replace("i", "l") for one in skeletons)


def keys_of(raw: str) -> frozenset[str]:
    """Return the `keys` of what somebody typed; none if it is too long for a nick.

    :raises UnicodeEncodeError: it is no nick.
    """
    nick = clean(raw).text if len(raw) <= RAW_CHARACTERS else ""
    return keys(nick) if 0 < len(nick) <= NICK_CHARACTERS else frozenset()


def number(nick: str, taken: Callable[[str], bool], numbers: Iterator[int] | None = None) -> str:
    """Return `nick` with the first of `numbers` (2, 3 …) for which `taken` is false; shortened if it must be."""
    return next(c for c in (_with_suffix(nick, str(n)) for n in numbers or count(2)) if not taken(c))


@lru_cache(maxsize=65536)
def _with_suffix(nick: str, digits: str) -> str:
    for length in range(NICK_CHARACTERS - len(digits), 0, -1):
        try:
            return enforce(nick[:length].rstrip() + digits)
        except RefusedError:  # what is left when it is cut here is no nick
            continue
    return ANONYMOUS + digits


def skeleton(text: str) -> str:
    """Return the skeleton of `text` (Unicode Technical Standard 39, section 4)."""
    before, after = "", unicodedata.normalize("NFD", text)
    while after != before:  # a prototype may hold characters that are mapped themselves
        before, after = after, unicodedata.normalize("NFD", after.translate(_prototypes()))
    return after


@lru_cache(maxsize=1)
def _reserved_keys() -> frozenset[str]:
    return frozenset().union(*map(keys, _RESERVED_NAMES))


@lru_cache(maxsize=1)
def _prototypes() -> dict[int, str]:
    """Map each confusable character to its prototype.

    The package's data holds every row of confusables.txt in both directions, so a character that is mapped has
    exactly one partner, its prototype; a prototype has as many as are mapped to it. Where both have one, either may
    stand for both.
    """
    data = (files("confusable_homoglyphs") / "confusables.json").read_bytes()
    rows: dict[str, list[dict[str, str]]] = msgspec.json.decode(data)
    partners: dict[str, set[str]] = {}
    for key, row in rows.items():  # those written from right to left are between marks
        partners.setdefault(key.strip(_MARK), set()).update(one["c"].strip(_MARK) for one in row)
    prototypes: dict[int, str] = {}
    for character, all_partners in partners.items():
        if len(character) != 1 or len(all_partners) != 1:
            continue
        (partner,) = all_partners
        if len(partner) == 1 and len(partners[partner]) == 1:
            partner = min(character, partner)
        prototypes[ord(character)] = partner
    return prototypes
