"""Browsers and addresses in words, for somebody who has to recognise their own.

What a browser says of itself may be anything and may be missing; the library (ua-parser) knows those there are.
"""

import ipaddress

from django.utils.translation import gettext as _
from ua_parser import parse

# More is no name of a browser.
_LONGEST = 40
_KNOWN_AS = {"Mac OS X": "macOS", "Chrome Mobile iOS": "Chrome", "HeadlessChrome": "Chrome"}


def device_words(agent: str) -> str:
    """Return browser and system as people call them: `Firefox on Windows`."""
    found = parse(agent)
    browser = _plain(found.user_agent.family) if found.user_agent else ""
    system = _plain(found.os.family) if found.os else ""
    if browser and system:
        return _("%(browser)s on %(system)s") % {"browser": browser, "system": system}
    return browser or system or _("Unknown browser")


def address_words(address: str) -> str:
    """Return the network of an address, which tells home from abroad: `203.0.113.*`, `2001:db8:85a3:*`."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return _("Unknown address")
    if parsed.version == 4:
        return f"{str(parsed).rpartition('.')[0]}.*"
    groups = parsed.exploded.split(":")[:3]
    return ":".join(f"{int(group, 16):x}" for group in groups) + ":*"


def is_phone(agent: str) -> bool:
    """Tell whether a browser is held in the hand, as most of those say themselves."""
    return any(word in agent for word in ("Mobile", "Android", "iPhone", "iPad"))


def _plain(family: str) -> str:
    name = _KNOWN_AS.get(family, family.removeprefix("Mobile ").removesuffix(" Mobile"))
    return name[:_LONGEST]
