"""Statements as files: what stands on them in the reader's words, as CSV for programs and as PDF for people.

`ledger.statements` decides what is in one; here it is only written down.
"""
