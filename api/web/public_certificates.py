"""
Certificates of cancelled quota: whoever has the check code reads what was certified, and prints it.
"""

from flask import render_template

from api.door import NotFound
from api.faces import faces
from api.read import liens as reading
from api.web.public_frame import public


@public.get("/certificates/<check_code>")
def certificate(check_code: str) -> str:
    """Show the certificate of this check code, made to be printed."""
    with faces().read() as connection:
        row = connection.execute(reading.certificate(check_code)).mappings().first()
    if row is None:
        raise NotFound
    return render_template("public/certificate.html", certificate=dict(row))
