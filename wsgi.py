"""The application for any WSGI server: `gunicorn wsgi:app`, and for the commands of `flask --app wsgi`."""

from scheduler import create_app

app = create_app()
