"""A gunicorn as the product runs it, around a small application and with less patience."""

import sys
from contextlib import nullcontext

import api.web_gunicorn
from api.web_gunicorn import _Application, gunicorn_options


def application(environ, start_response):
    """Read a body if there is one, and answer."""
    environ["wsgi.input"].read()
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "4")])
    return [b"done"]


if __name__ == "__main__":
    api.web_gunicorn.READ_SECONDS = 1
    options = gunicorn_options(host="127.0.0.1", port=int(sys.argv[1]), workers=1, threads=2)
    sys.argv[1:] = []
    _Application(lambda: nullcontext(application), **options).run()
