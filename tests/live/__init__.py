"""The live path on loopback: from the bytes of a book message to the bytes of a signed request."""
