# The profile on the data disk has the daemon's options by this name (docker-machine writes it), which aren't the client's.
unset DOCKER_HOST
