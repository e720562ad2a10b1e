"""How people are told: the channels a notification may leave by."""
