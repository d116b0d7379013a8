"""Tables that came after the first format of the journal, one module an area."""
