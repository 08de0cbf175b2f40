"""The kit that an establishment with a weak line installs: rows into a journal on disk, from there to ingest.

Nothing here knows more of the system than what crosses its door (`shared.contracts`) and its catalogues
(`shared.reference`). It speaks Spanish to the people of the establishment.
"""
