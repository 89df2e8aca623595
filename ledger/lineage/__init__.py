"""Where units came from and where they went: projections that follow the journal."""
