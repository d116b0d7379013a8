"""Codecs of the picture wing, without I/O; none imports another."""
