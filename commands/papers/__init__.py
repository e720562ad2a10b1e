"""Documents made on order: notices, slips, bank files, reports, audit packages; the door of PDF, QR and their font."""
