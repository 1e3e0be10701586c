"""What the examples of the API are about: Olivia pays Samir her rent."""

OLIVIA, OLIVIAS, SAMIRS = "64b7f0c2a91e4d3f8b6a1c05", "64b7f0c2a91e4d3f8b6a1c06", "64b7f0c2a91e4d3f8b6a1c07"
SAMIR = "64b7f0c2a91e4d3f8b6a1c0b"
TRANSFER_ID, RECORD_ID = "64b7f0c2a91e4d3f8b6a1c08", "64b7f0c2a91e4d3f8b6a1c0a"
KEY = "rent-may"
PASSWORD_SAMPLE = "seven quiet herons"  # noqa: S105 - a sample, nobody's password
