"""HiT (ICCV 2023), a light hierarchical transformer tracker."""
