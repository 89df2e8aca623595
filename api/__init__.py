"""Who is asking, in what format, and when: the command line and, later, pages and REST."""
