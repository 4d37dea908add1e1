"""HTTP: connections, middleware, authentication, and the parsing of bodies."""
