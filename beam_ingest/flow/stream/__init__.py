"""The unbounded graph: how messages without end become published windows. Reads as data passes.

::

    read      partitions -> poll -> parcels of one window each      (read, read_fn)
    gather    WindowInto -> by partition: a pane when it is due      (gather)
    pane      claim -> process -> stage -> publish -> acknowledge    (pane, claim, settle)

A message is claimed by its number in the partition's journal, in the run directory, before
anything of it is published: so it counts once, whatever an engine repeats, and the processors
stand behind the grouping, where a repeated message is known.
"""
