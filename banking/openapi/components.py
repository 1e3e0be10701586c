"""All bodies by name, as they stand under `components` in the schema."""

from banking.openapi.answers import ANSWERS
from banking.openapi.parts import PARTS
from banking.openapi.requests import REQUESTS
from banking.openapi.shapes import Shape

COMPONENTS: dict[str, Shape] = {**REQUESTS, **PARTS, **ANSWERS}
