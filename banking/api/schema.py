"""`/api/schema`: the API described in OpenAPI 3.1, as JSON or as YAML."""

from functools import cache
from typing import Any

from django.http import HttpResponse
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.renderers import (
    OpenApiJsonRenderer,
    OpenApiJsonRenderer2,
    OpenApiYamlRenderer,
    OpenApiYamlRenderer2,
)
from rest_framework.permissions import AllowAny
from rest_framework.request import Request

from banking.api.views import ApiView
from banking.openapi.describe import described


@cache
def schema() -> dict[str, Any]:
    """Return the description of the whole API; it is the same until the process ends."""
    made: dict[str, Any] = SchemaGenerator().get_schema(request=None, public=True)  # type: ignore[no-untyped-call]
    return made


_RENDERERS = (OpenApiJsonRenderer2, OpenApiJsonRenderer, OpenApiYamlRenderer2, OpenApiYamlRenderer)


@cache
def _text(media_type: str) -> bytes:
    """Return it in one of its forms; writing YAML takes a second, which nobody may ask for again and again."""
    renderer = next(one for one in _RENDERERS if one.media_type == media_type)()
    written = renderer.render(schema())
    return written.encode() if isinstance(written, str) else bytes(written)


class SchemaView(ApiView):
    authentication_classes = ()
    permission_classes = (AllowAny,)
    renderer_classes = _RENDERERS

    @described(
        "Get this description",
        answers={200: ("Schema", "OpenAPI 3.1; YAML for those who ask for application/yaml.")},
    )
    def get(self, request: Request) -> HttpResponse:
        media_type = request.accepted_renderer.media_type
        return HttpResponse(_text(media_type), content_type=media_type)
