"""Who is asking: users, sessions, API keys and secrets, in a store apart from the ledger."""
