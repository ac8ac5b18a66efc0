"""The contracts: what a connector author writes against. Imports no Beam."""
