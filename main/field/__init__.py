"""The field from the command line: look at a device, find devices, add one, print its sheet and its labels."""
