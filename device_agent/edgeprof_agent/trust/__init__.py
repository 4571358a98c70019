"""Authentication and authorization: the device's identity, paired hosts, the check of each call, and pairing."""
