"""From kilowatt-hours to a fen on a card, pure; one link of the chain per file."""
