"""Usage: parsed queries combined by table and day, and what is told to the server of it."""
