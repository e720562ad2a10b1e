"""Pages of money in: income, reconciliation, ledger, and the printed ledger."""
