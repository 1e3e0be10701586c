"""What goes over the wire compressed, and what does not."""

import gzip

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase

from banking.web.middleware import compression
from tests.web.visitor import Visitor

LONG = b"Money that adds up. " * 100


def sent(path: str, response: HttpResponseBase) -> HttpResponseBase:
    request = HttpRequest()
    request.path = request.path_info = path
    request.META["HTTP_ACCEPT_ENCODING"] = "gzip"
    return compression(lambda _: response)(request)  # type: ignore[arg-type,return-value]


def test_a_page_is_compressed_for_a_browser(bank_db: object) -> None:
    page = Visitor().client.get("/login", headers={"accept-encoding": "gzip, br"})
    assert page.headers["Content-Encoding"] == "gzip"
    assert "Accept-Encoding" in page.headers["Vary"]
    assert b"Welcome back" in gzip.decompress(page.content)


def test_a_style_sheet_is_compressed_and_a_font_is_not() -> None:
    for kind, is_compressed in (("text/css", True), ("image/svg+xml", True), ("font/woff2", False)):
        response = sent("/static/x", StreamingHttpResponse([LONG], content_type=kind))
        assert response.has_header("Content-Encoding") is is_compressed, kind


def test_a_program_gets_its_answer_as_it_is() -> None:
    assert not sent("/api/accounts", HttpResponse(LONG, content_type="application/json")).has_header(
        "Content-Encoding"
    )
