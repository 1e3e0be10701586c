"""The money core: accounts, postings, history and the proof that the books are right.

Everything here is raw PyMongo on a replica set; nothing here knows of people's profiles, of HTTP or of pages.
"""
