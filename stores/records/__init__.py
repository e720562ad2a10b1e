"""Records (users, sessions, audit, job runs, readings) in a relational database."""
