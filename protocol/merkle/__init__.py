"""RFC 6962 Merkle trees, their proofs, C2SP checkpoints and tiles."""
