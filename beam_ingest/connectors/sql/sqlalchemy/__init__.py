"""Any database that SQLAlchemy has a dialect for, through its ``Inspector``."""
