"""Pure values and rules that every floor shares: states, names, problems, errors, plans. No I/O, no clock."""
