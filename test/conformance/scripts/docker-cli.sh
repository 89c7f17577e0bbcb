#!/bin/bash
# Docker's command-line client: build, ports, volumes, networks, exec, copies, logs, removal.
mkdir -p context
printf 'FROM %s\nRUN echo built >/built\nCMD ["httpd", "-f", "-p", "80", "-h", "/www"]\n' "$IMAGE" >context/Dockerfile
docker build -q -t site context
docker volume create pages
docker run --rm -v pages:/www "$IMAGE" sh -c 'echo page >/www/index.html'
docker network create inner
docker run -d --name web --network inner -p 8090:80 -v pages:/www site
for _ in $(seq 50); do wget -qO- http://127.0.0.1:8090/ >answer && break; sleep 0.2; done
grep -qx page answer
docker run --rm --network inner "$IMAGE" wget -qO- http://web/ | grep -qx page
test "$(docker exec web cat /built)" = built
echo copied >file
docker cp file web:/copied
test "$(docker exec web cat /copied)" = copied
docker run --name said "$IMAGE" sh -c 'echo out; echo err >&2'
test "$(docker logs said 2>/dev/null)" = out
docker inspect -f '{{.State.ExitCode}}' said | grep -qx 0
docker stop -t 1 web
docker rm web said
docker volume rm pages
docker network rm inner
test -z "$(docker ps -aq)"
