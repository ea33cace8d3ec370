"""How it comes onto machines: as a service of systemd or Windows, in containers, as a folder that needs no Python."""
