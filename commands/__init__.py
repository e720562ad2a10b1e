"""What a person may order; permission and audit are applied here."""
