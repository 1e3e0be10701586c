"""The API described for programs and people: OpenAPI 3.1, from what stands next to each view."""
