"""Pages for four audiences, in Chinese and English: a second face on the same commands."""

import api.web.enterprise_liens
import api.web.enterprise_new_use
import api.web.enterprise_rights  # noqa: F401  (adds its routes to the blueprint)
from api.web.authority import authority
from api.web.enterprise import enterprise
from api.web.exchange import exchange
from api.web.floor import floor
from api.web.frame import pages
from api.web.home import home
from api.web.public import public
from api.web.ticket import ticket

PAGES = (pages, home, enterprise, exchange, floor, authority, public, ticket)
