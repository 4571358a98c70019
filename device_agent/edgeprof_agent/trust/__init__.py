"""Who may call: the device's identity, the paired hosts, the gate before every call, and the pairing."""
