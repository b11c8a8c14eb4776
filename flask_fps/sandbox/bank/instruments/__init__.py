"""The kinds of payment instrument, a file each: what its co-branded request must say, what token it makes."""
