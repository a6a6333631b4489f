"""The application for any WSGI server: `gunicorn wsgi:app`, and for the commands of `flask --app wsgi`."""

from scheduler import create_app
from scheduler.errors import ConfigurationError

try:
    app = create_app()
except ConfigurationError as wrong:
    # One line for the person who starts it, instead of a traceback.
    raise SystemExit(f"Sidegate cannot start: {wrong}") from None
