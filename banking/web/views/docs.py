"""The page on which people read about the API."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from banking.api.schema import schema
from banking.openapi.reading import Reader
from banking.openapi.refusals import all_kinds
from banking.web.methods import reads


@reads
def page(request: HttpRequest) -> HttpResponse:
    """Every address of the API, from the same description that programs get."""
    origin = request.build_absolute_uri("/").rstrip("/")
    found = {"groups": Reader(schema(), origin).groups(), "kinds": all_kinds(), "origin": origin}
    return render(request, "pages/docs.html", found)
