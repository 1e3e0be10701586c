"""What every page's template knows. Nothing here touches the database."""

from typing import Any

from django.http import HttpRequest

from banking.web.viewer import theme_of, zone_of


def site(request: HttpRequest) -> dict[str, Any]:
    """Return theme and time zone of the reader."""
    return {"theme": theme_of(request), "zone": zone_of(request)}
