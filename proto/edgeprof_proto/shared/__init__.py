"""Code that host and device share and that is no part of the contract."""
