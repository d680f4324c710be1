"""Other ways in and out: a folder of CSV tables, other tools' files."""
