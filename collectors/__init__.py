"""How samples arrive: the wires, the broker, the spool."""
