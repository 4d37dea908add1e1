"""HTTP: security, CORS, authentication, parsing and the access log."""
