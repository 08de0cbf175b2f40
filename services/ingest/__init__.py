"""The door: takes facts over HTTP and Kafka, decides what is valid, and writes the log of record.

Promises that no message disappears without a word, that a bad one never spoils its neighbours, that an answer of 202
means the broker has everything, and that no identifier of a person goes further than the short-lived topics.
"""
