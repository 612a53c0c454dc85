"""Wake-ups between the parts of Hearth. The database is the truth and the work list; the bus only says "look"."""
