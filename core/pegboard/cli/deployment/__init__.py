"""What `pegboard init` writes: a deployment with a first plugin of the team's own. The files are in `templates/`."""
