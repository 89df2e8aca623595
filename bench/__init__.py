"""
How fast it is: every figure beside a reference loop of the same run, because machines differ.
"""
