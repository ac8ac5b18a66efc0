"""SQL databases, read at the speed of their own catalogue.

One design for all systems: the work is listed by a names-only query (``listing``), cut into
splits below the schema (``splits``), and a split is read by a handful of set-based catalogue
queries (``catalogue``, one implementation a system). ``source`` puts the three together.
"""
