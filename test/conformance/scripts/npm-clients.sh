#!/bin/bash
# Libraries that programs in JavaScript speak to Docker's socket by: dockerode, and Testcontainers with its reaper.
cp /opt/repository/test/conformance/clients/*.mjs .
ln -s "$MATERIAL/node_modules" node_modules
mkdir -p context failing www compose ~/.docker/cli-plugins
ln -sf /opt/tools/libexec/docker/cli-plugins/docker-compose ~/.docker/cli-plugins/
echo page >www/index.html
printf 'FROM %s\nARG A\nRUN mkdir /www && echo built >/built\nCMD ["httpd", "-f", "-p", "80", "-h", "/www"]\n' "$IMAGE" >context/Dockerfile
printf 'FROM %s\nRUN false\n' "$IMAGE" >failing/Dockerfile
cat >compose/compose.yaml <<END
services:
  db:
    image: $IMAGE
    command: sh -c 'sleep 1; touch /ready; exec sleep 1000'
    healthcheck: { test: [CMD, test, -e, /ready], interval: 1s, retries: 60 }
  web:
    image: $IMAGE
    command: httpd -f -p 80 -h /etc
    depends_on: { db: { condition: service_healthy } }
    ports: ["80"]
END
node() { "$MATERIAL/bin/node" "$@"; }

node dockerode.mjs
TESTCONTAINERS_RYUK_DISABLED=true node testcontainers.mjs
test -z "$(podman ps -aq)"

# The reaper, in a container that has the socket.
libraries=usr/lib/$(uname -m)-linux-gnu
mkdir -p "reaper/$libraries"
cp -L "$MATERIAL/bin/node" reaper.mjs reaper/
cp -L "/$libraries"/lib{dl.so.2,stdc++.so.6,m.so.6,gcc_s.so.1,pthread.so.0} "reaper/$libraries/"
cp -r "$MATERIAL/node_modules" reaper/node_modules
rm -r reaper/node_modules/node-linux-*
printf 'FROM %s\nCOPY . /\nENTRYPOINT ["/node", "/reaper.mjs"]\n' "$IMAGE" >reaper/Dockerfile
docker build -q -t testcontainers/ryuk:0.14.0 reaper
node testcontainers.mjs
node abandoned.mjs && exit 1
for _ in $(seq 150); do [ -z "$(podman ps -aq)" ] && break; sleep 0.2; done
test -z "$(podman ps -aq)"
test "$(podman network ls -q)" = podman
