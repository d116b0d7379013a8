"""Operating the hub: start and stop, logs, control socket, health, metrics, and the files it begins with."""
