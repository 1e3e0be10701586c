"""What the templates for administrators need to put the audit log into words."""

from django import template

from banking.selectors.deeds import Deed
from banking.web import deeds

register = template.Library()


@register.filter
def deed_title(deed: Deed) -> deeds.Words:
    """Return what was done, in a few words."""
    return deeds.title(deed)


@register.filter
def transfer_type(type: str) -> deeds.Words:
    """Return what kind of transfer it is, in words."""
    return deeds.TYPES.get(type, type)


@register.filter
def deed_facts(deed: Deed) -> list[tuple[deeds.Words, deeds.Words]]:
    """Return the details of an audit record as names and values."""
    return deeds.facts(deed)
