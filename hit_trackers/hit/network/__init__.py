"""HiT, written as the ICCV 2023 code computes it; state dicts are the official ones."""
