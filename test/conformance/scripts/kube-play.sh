#!/bin/bash
# podman kube play: a pod with a config map, a volume that is claimed, a port, and a probe that restarts a container.
cat >pod.yaml <<END
apiVersion: v1
kind: ConfigMap
metadata: { name: words }
data: { WORD: hello }
---
apiVersion: v1
kind: Pod
metadata: { name: site }
spec:
  restartPolicy: Always
  containers:
    - name: web
      image: $IMAGE
      command: [sh, -c, 'echo \$WORD >/data/index.html; exec httpd -f -p 80 -h /data']
      envFrom: [{ configMapRef: { name: words } }]
      ports: [{ containerPort: 80, hostPort: 8093 }]
      volumeMounts: [{ name: data, mountPath: /data }]
    - name: sick
      image: $IMAGE
      command: [sh, -c, 'sleep 1000']
      livenessProbe: { exec: { command: ['false'] }, periodSeconds: 1, failureThreshold: 2 }
  volumes: [{ name: data, persistentVolumeClaim: { claimName: claimed } }]
END
podman kube play pod.yaml
for _ in $(seq 50); do wget -qO- http://127.0.0.1:8093/ >answer && break; sleep 0.2; done
grep -qx hello answer
for _ in $(seq 150); do
  restarts=$(podman inspect -f '{{.RestartCount}}' site-sick)
  [ "$restarts" -gt 0 ] && break
  sleep 0.2
done
[ "$restarts" -gt 0 ]
podman kube down --force pod.yaml
test -z "$(podman ps -aq)"
test -z "$(podman volume ls -q)"
