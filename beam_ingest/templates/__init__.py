"""Packaged templates: workflows with a few parameters, each declared once.

From a declaration come the Flex template's ``metadata.json``, the flags of its launcher, its
documentation and its workflow file. Reads as a template is made: ``template`` (what one is), the
shared parameters, one file a template, ``catalog`` (which there are), then what is generated:
``metadata``, ``workflow_file``, ``readme``, ``build``, ``check``.
"""
