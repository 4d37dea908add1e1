"""Back ends: other engines that run the search of a translator, beside our own on torch."""
