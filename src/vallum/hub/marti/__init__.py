"""Marti: what TAK clients ask for over HTTPS, with the principals, groups and labels of the stream."""
