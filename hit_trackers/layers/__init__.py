"""Layers that the networks of several families are made of, with the official keys and bits."""
