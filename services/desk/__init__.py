"""The desk: what is the same at every face of the service: bodies, commands, outcomes, problems, keys."""
