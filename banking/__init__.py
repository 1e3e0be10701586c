"""The bank on top of people and ledger: what customers and operators do, as pages and as an API."""
