"""A process that migrates, and stands still before one of its statements until told to go on."""

import sys

import sqlalchemy as sa

import migrations
from ledger.db import connect


def main(url, number):
    """Migrate the database at *url*; say so before statement *number* and wait for a line."""
    engine = connect(url)
    seen = []

    def stand_still(_connection, _cursor, statement, *_rest):
        if statement.startswith("CREATE"):
            seen.append(statement)
            if len(seen) == number:
                print("here", flush=True)
                sys.stdin.readline()

    sa.event.listen(engine, "before_cursor_execute", stand_still)
    migrations.upgrade(engine)
    engine.dispose()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
