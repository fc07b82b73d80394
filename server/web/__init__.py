"""The server: the device's queue, the store, security, and one router a resource."""
