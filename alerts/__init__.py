"""From numbers to "someone should look": rules, conditions and the life cycle of an alert, as pure functions."""
