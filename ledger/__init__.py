"""
Who holds what, and by which rule.

An *account* is a readable address of an owner and a purpose. A *posting* moves a whole number of
minor units of one asset from a source account to a destination account. An *entry* is the list of
postings of one event, all or nothing. A *hold* sets units aside until they are captured, released
or expire. Nothing here has heard of an order, a price or a web page.
"""
