#!/bin/bash
# Docker's compose: a build, a service that waits for another's health, names, ports, volumes, exec, down.
mkdir -p ~/.docker/cli-plugins www
ln -sf /opt/tools/libexec/docker/cli-plugins/docker-compose ~/.docker/cli-plugins/
echo page >www/index.html
printf 'FROM %s\nRUN echo built >/built\nCMD ["httpd", "-f", "-p", "80", "-h", "/www"]\n' "$IMAGE" >Dockerfile
cat >compose.yaml <<END
services:
  db:
    image: $IMAGE
    command: sh -c 'sleep 2; touch /ready; exec sleep 1000'
    volumes: ["data:/data"]
    healthcheck: { test: [CMD, test, -e, /ready], interval: 1s, retries: 60 }
  web:
    build: .
    depends_on: { db: { condition: service_healthy } }
    ports: ["8091:80"]
    volumes: ["./www:/www:ro"]
volumes: { data: {} }
END
docker compose up -d --build
# Only a healthy db has let it start.
docker compose exec -T db test -e /ready
for _ in $(seq 50); do wget -qO- http://127.0.0.1:8091/ >answer && break; sleep 0.2; done
grep -qx page answer
test "$(docker compose exec -T web cat /built)" = built
docker compose exec -T web nslookup db
docker compose ps --format json | grep -q '"Health":"healthy"'
docker compose down -v
test -z "$(docker ps -aq)"
test -z "$(docker volume ls -q)"
