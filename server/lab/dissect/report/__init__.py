"""The report of a dissection: pages a person reads, from the file system or from the server."""
