"""Databases as releases left them: made once by the code of that release, and never again."""
