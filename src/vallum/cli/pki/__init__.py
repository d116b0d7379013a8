"""`vallum pki`: the certificates of the hub."""

from vallum.cli.pki import backups, certificates, setup, users
from vallum.cli.pki.app import pki

__all__ = ["backups", "certificates", "pki", "setup", "users"]
