"""Planning models, one package each; none imports another."""
