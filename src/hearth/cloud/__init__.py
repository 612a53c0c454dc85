"""Access to OpenStack services: credentials, catalogs, trusts, tokens, and the one HTTP client of the project."""
