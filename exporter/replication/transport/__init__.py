"""How files move between sites: what scheduler, sender, despooler and package transfer manager tell of it."""
