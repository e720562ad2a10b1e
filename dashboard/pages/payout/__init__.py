"""Pages of payout: plans with their steps, roster, payments, notices, traces."""
