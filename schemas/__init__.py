"""Data that the protocol is defined by: JSON Schemas, vocabularies, vectors."""
