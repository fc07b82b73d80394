"""What painting costs on this machine, measured in one run: the device's parts, and the way through a real server."""
