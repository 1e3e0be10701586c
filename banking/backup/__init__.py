"""Backups of the whole bank in the format of mongodump, and restores that prove what they brought back.

The standard tools stay the first choice of whoever runs a cluster (`docs/backup.md`). What is here needs nothing but
the bank's own packages, reads one moment of the database, and ends a restore with the ledger's own verification.
"""
