#!/bin/bash
# podman-compose, which starts Podman itself rather than asking its socket.
cat >compose.yaml <<END
services:
  db:
    image: $IMAGE
    command: sleep 1000
    volumes: ["data:/data"]
  web:
    image: $IMAGE
    command: sh -c 'mkdir /www; echo page >/www/index.html; exec httpd -f -p 80 -h /www'
    depends_on: [db]
    ports: ["8092:80"]
volumes: { data: {} }
END
compose() { /opt/tools/bin/python3 /opt/tools/bin/podman-compose "$@"; }
compose up -d
for _ in $(seq 50); do wget -qO- http://127.0.0.1:8092/ >answer && break; sleep 0.2; done
grep -qx page answer
compose exec -T web nslookup db
compose down -v
test -z "$(podman ps -aq)"
