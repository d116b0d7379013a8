"""The hub: sessions, routing, listeners, journal and certificates of the shared picture."""
