"""登记、办理、销号、报告: work orders, objections and reports of villagers share one life cycle; pure."""
