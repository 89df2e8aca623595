"""
The headers that keep a page to itself: no foreign content, no inline script, no framing.
"""

from flask import Flask, Response, request

CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'self'",
        "img-src 'self' data:",
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)
HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
_KEPT_ENDPOINTS = frozenset({"static", "bootstrap.static", "pages.charts"})


def register(app: Flask, *, is_secure: bool) -> None:
    """Set the headers on every answer of *app*; with *is_secure* demand HTTPS from now on."""

    @app.after_request
    def add(response: Response) -> Response:
        for name, value in HEADERS.items():
            response.headers[name] = value
        if is_secure:
            response.headers["Strict-Transport-Security"] = "max-age=31536000; includeSubDomains"
        if request.endpoint not in _KEPT_ENDPOINTS:
            # What one person sees must not be shown to the next at the same machine.
            response.headers.setdefault("Cache-Control", "no-store")
        return response
