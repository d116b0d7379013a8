"""Sockets: each listener turns bytes into events of a session, and batches into bytes."""
