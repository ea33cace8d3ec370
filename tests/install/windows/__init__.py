"""Tests of the building of the zip for Windows, as far as they need no Windows."""
