"""MixFormer's networks."""
