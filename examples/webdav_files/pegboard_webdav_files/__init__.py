"""Files on a WebDAV server, for Pegboard."""
