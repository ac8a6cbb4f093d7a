"""The board as a WSGI application, for a server (`gunicorn wsgi:app`) and for Flask's commands (`flask --app wsgi …`)."""

from __future__ import annotations

from pegboard import create_app

app = create_app()
