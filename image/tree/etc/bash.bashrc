# Commands over SSH have no login shell that would read /etc/profile.d: what the client of podman machine has written
# there (proxies) is for them too.
[ -r /etc/profile.d/default-env.sh ] && . /etc/profile.d/default-env.sh
