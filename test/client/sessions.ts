import type { FirstUse } from "./figures.ts";
import type { Session } from "./steps.ts";

const image = "/opt/dist/boot2podman.qcow2.zst";
const busybox = "localhost/busybox";

/** Makes a container image of the host's static busybox, since there is no way to a registry. */
const rootfs = [
  "d=$(mktemp -d) && cd $d && mkdir -p bin tmp etc www && cp /usr/bin/busybox bin/",
  "for n in sh echo cat ls id httpd wget touch sleep; do ln -s busybox bin/$n; done",
  "echo root:x:0:0:root:/root:/bin/sh >etc/passwd; echo from a container >www/index.html; tar -c .",
].join("\n");
const importImage = `(${rootfs}) | podman import -q -c 'CMD ["/bin/sh"]' -c 'ENV PATH=/bin' - ${busybox}`;
const start = "podman machine start box";
const stop = "podman machine stop box";
/** Plain commands in the machine, as a script types them. */
const ssh = (command: string) => `podman machine ssh box '${command}'`;
/** The client uses a connection, not the Podman of its own host. */
const remote = { env: { CONTAINER_CONNECTION: "box" } };
const asRoot = { env: { CONTAINER_CONNECTION: "box-root" } };

/** All of a machine's life, for a user with the usual number and a rootless machine. */
export async function wholeSession(s: Session): Promise<void> {
  await s.step(
    "init with volumes",
    `mkdir -p work ro "with space" && podman machine init --image ${image} --memory 2048 --cpus 2 --disk-size 20 \
      -v $HOME/work:$HOME/work -v $HOME/ro:/srv/ro:ro -v "$HOME/with space:/work/spaced" box`,
    { expect: "Machine init complete" },
  );
  await s.start("start");
  await s.step("list", "podman machine list --format '{{.Name}} {{.Running}}'", {
    expect: /^box\*? true$/m,
  });
  await s.step("inspect", "podman machine inspect box --format '{{.State}} {{.Rootful}}'", {
    expect: "running false",
  });
  await s.step("a second start", start, { status: 125, expect: /already running/ });
  await s.step("ssh: who", ssh("id -un; id -u; id -g"), { expect: /^core\n1000\n1000$/m });
  await s.step("ssh: exit status", ssh("exit 7"), { status: 7 });
  await s.step("ssh: input", "echo hello | podman machine ssh box cat", { expect: "hello" });
  await s.step("ssh: sudo", ssh("sudo id -u"), { expect: "0" });
  await s.step("ssh: root", "podman machine ssh --username root box id -u", { expect: "0" });
  await s.step("the host's time zone", ssh("date +%Z; readlink /etc/localtime"), {
    expect: /^CES?T\n.*Europe\/Berlin$/m,
  });
  await s.step("nothing is left out without a word", ssh("boot2podman status --json"), {
    expect: /"stage": "ignition"/,
  });
  await s.step("the boot is well", `! ${ssh("boot2podman status")} | grep -w failed`);
  await s.step("info: rootless", "podman info --format '{{.Host.Security.Rootless}}'", {
    ...remote,
    expect: "true",
  });
  await s.step("import an image", importImage, remote);
  await s.step("run", `podman run --rm ${busybox} echo hello`, { ...remote, expect: "hello" });
  await s.step("run, with input", `echo in | podman run --rm -i ${busybox} cat`, {
    ...remote,
    expect: "in",
  });
  await s.step("run, exit status", `podman run --rm ${busybox} sh -c 'exit 9'`, {
    ...remote,
    status: 9,
  });
  await s.step(
    "build",
    `mkdir -p ctx && echo data >ctx/file && printf 'FROM ${busybox}\\nCOPY file /file\\nRUN cat /file >/built\\n' >ctx/Containerfile && podman build -q -t built ctx && podman run --rm built cat /built`,
    { ...remote, expect: "data" },
  );
  await s.step(
    "volume: both ways, and whose",
    `echo host >work/a && podman run --rm -v $HOME/work:/w ${busybox} sh -c 'cat /w/a; echo guest >/w/b' && cat work/b && stat -c %u work/b`,
    { ...remote, expect: /^host\nguest\n1000$/m },
  );
  await s.step(
    "volume: the user writes over SSH",
    `${ssh("echo ssh >$HOME/../u1000/work/c")}; cat work/c`,
    { expect: "ssh" },
  );
  await s.step("volume: read-only", `echo ro >ro/a; ${ssh("cat /srv/ro/a; touch /srv/ro/b")}`, {
    status: 1,
    expect: /^ro$/m,
  });
  await s.step("volume: with a space", `echo sp >"with space/a"; ${ssh("cat /work/spaced/a")}`, {
    expect: "sp",
  });
  await s.step(
    "a published port",
    `podman run -d --name web -p 8080:80 -v data:/data ${busybox} httpd -f -h /www && sleep 1 && curl -sS --retry 20 --retry-all-errors --retry-delay 1 http://127.0.0.1:8080`,
    { ...remote, expect: "from a container" },
  );
  await s.step("the same by IPv6's localhost", "curl -sS -g 'http://[::1]:8080'", {
    expect: "from a container",
  });
  await s.step("docker ps", "docker ps --format '{{.Names}}'", { expect: "web" });
  await s.step("docker run", `docker run --rm ${busybox} echo by docker`, { expect: "by docker" });
  await s.step(
    "the host's own server",
    `mkdir -p served && echo of the host >served/index.html && (busybox httpd -p 127.0.0.1:9000 -h served) && podman run --rm ${busybox} wget -qO- http://host.containers.internal:9000`,
    { ...remote, expect: "of the host" },
  );
  await s.step("exec", "podman exec web sh -c 'echo kept >/data/x; cat /data/x'", {
    ...remote,
    expect: "kept",
  });
  await s.step(
    "cp to and from a container",
    "echo up >up && podman cp up web:/tmp/up && podman cp web:/tmp/up down && cat down",
    { ...remote, expect: "up" },
  );
  await s.step(
    "systemctl and journalctl",
    ssh(
      "systemctl is-active podman.socket sshd && systemctl --user daemon-reload && journalctl -n 3 -u sshd && ! systemctl mask x",
    ),
    { expect: /active\nactive/ },
  );
  await s.step(
    "what a person writes: home, /etc/containers, /usr/local",
    ssh(
      'echo mine >note; printf "[containers]\\npids_limit=99\\n" >.config/containers/containers.conf; sudo sh -c "echo own >/etc/containers/own.conf; echo own >/usr/local/bin/own"',
    ),
  );
  const key = await s.step(
    "the host key",
    "ssh-keyscan -t ed25519 -p $(podman machine inspect box --format '{{.SSHConfig.Port}}') 127.0.0.1 2>/dev/null",
    { expect: /ssh-ed25519/ },
  );
  await s.step("stop", stop, { expect: 'Machine "box" stopped successfully' });
  await s.step("set", "podman machine set --memory 1536 --cpus 1 --disk-size 30 box");
  await s.start("start again");
  await s.step(
    "memory, processors and disk are as set",
    ssh("nproc; free -m | grep Mem; df -k /home | tail -1"),
    { expect: /^1\nMem: +1[45]\d\d [\s\S]* (2[89]|3[01])\d{6} /m },
  );
  await s.step(
    "images and volumes are there",
    `podman image exists built && podman run --rm -v data:/data ${busybox} cat /data/x`,
    { ...remote, expect: "kept" },
  );
  await s.step(
    "the container starts again",
    "podman start web && curl -sS --retry 20 --retry-all-errors --retry-delay 1 http://127.0.0.1:8080",
    { ...remote, expect: "from a container" },
  );
  await s.step(
    "what a person wrote is there",
    ssh("cat note .config/containers/containers.conf /etc/containers/own.conf /usr/local/bin/own"),
    { expect: /^mine\n\[containers\]\npids_limit=99\nown\nown$/m },
  );
  await s.step(
    "the host key is the same",
    `ssh-keyscan -t ed25519 -p $(podman machine inspect box --format '{{.SSHConfig.Port}}') 127.0.0.1 2>/dev/null`,
    {
      expect:
        key.split(" ").at(-1) === undefined
          ? "none"
          : new RegExp((key.split(" ").at(-1) ?? "none").replaceAll(/[+/]/g, "\\$&")),
    },
  );
  await s.step("stop", stop);
  await s.step("set --rootful", "podman machine set --rootful box");
  await s.start("start through a proxy", {
    env: { http_proxy: "http://127.0.0.1:3128", no_proxy: "example.org" },
  });
  await s.step("the proxy over SSH", ssh("printenv http_proxy no_proxy"), {
    expect: /^http:\/\/host.containers.internal:3128\nexample.org$/m,
  });
  await s.step("rootful: info", "podman info --format '{{.Host.Security.Rootless}}'", {
    ...asRoot,
    expect: "false",
  });
  await s.step("rootful: import and run", `${importImage} && podman run --rm ${busybox} id -u`, {
    ...asRoot,
    expect: "0",
  });
  await s.step(
    "rootful: the proxy in containers",
    `podman run --rm ${busybox} sh -c 'echo $http_proxy'`,
    { ...asRoot, expect: "http://host.containers.internal:3128" },
  );
  await s.step(
    "rootless: the proxy in containers",
    `podman run --rm ${busybox} sh -c 'echo $http_proxy'`,
    { ...remote, expect: "http://host.containers.internal:3128" },
  );
  await s.step("rootful: docker", "docker info --format '{{.SecurityOptions}}'", {
    expect: /^\[name=(?!.*rootless)/m,
  });
  await s.step("rootful: docker.sock", ssh("readlink /run/docker.sock"), {
    expect: "/run/podman/podman.sock",
  });
  await s.step("stop", stop);
  await s.start("start without the proxy");
  await s.step(
    "the proxy is gone, docker.sock stays",
    ssh("printenv http_proxy; readlink /run/docker.sock"),
    { expect: "/run/podman/podman.sock" },
  );
  await s.step("rm", "podman machine rm -f box && podman machine list --noheading | wc -l", {
    expect: "0",
  });
  await s.step("nothing of it still runs", "sleep 1; ! pgrep -u $(id -u) 'qemu|gvproxy|virtiofsd'");
}

/** What differs for the host's second user, who gives names and a zone of his own. */
export async function secondUser(s: Session): Promise<void> {
  await s.step(
    "init --rootful --username --timezone --now",
    `podman machine init --image ${image} --rootful --username me --timezone Asia/Tokyo --now box`,
    { expect: 'Machine "box" started successfully' },
  );
  await s.step("ssh: who", ssh("id -un; id -u; id -g; sudo id -u; groups"), {
    expect: /^me\n1001\n1001\n0\n.*wheel/m,
  });
  await s.step("the zone", ssh("date +%Z"), { expect: "JST" });
  await s.step("rootful: import and run", importImage, asRoot);
  await s.step(
    "rootful: a published port below 1024",
    `podman run -d -p 1080:80 ${busybox} httpd -f -h /www && curl -sS --retry 20 --retry-all-errors --retry-delay 1 http://127.0.0.1:1080`,
    { ...asRoot, expect: "from a container" },
  );
  await s.step("rootless too", `${importImage} && podman run --rm ${busybox} echo hello`, {
    ...remote,
    expect: "hello",
  });
  await s.step(
    "the home folder is a volume, and whose",
    `podman run --rm -v $HOME:/h ${busybox} touch /h/made && stat -c %u made`,
    { ...asRoot, expect: /^(1001|0)$/m },
  );
  await s.step("docker", "docker info --format '{{.SecurityOptions}}'", {
    expect: /^\[name=(?!.*rootless)/m,
  });
  await s.step("stop", stop);
  await s.start("start again");
  await s.step("who he was", ssh("id -un; id -u"), { expect: /^me\n1001$/m });
  await s.step("rm", "podman machine rm -f box");
}

/** What a person does who tries it: from nothing to the first container, with the client's own sizes. Gives what it took. */
export async function firstUse(s: Session): Promise<FirstUse> {
  const started = s.results.length;
  await s.step("init", `podman machine init --image ${image} box`, {
    expect: "Machine init complete",
  });
  await s.start("start");
  await s.step("a container", `${importImage} && podman run --rm ${busybox} echo hello`, {
    ...remote,
    expect: "hello",
  });
  const [initMs = 0, startMs = 0, containerMs = 0] = s.results
    .slice(started)
    .map(({ tookMs }) => tookMs);
  const shown = await s.step(
    "memory",
    ssh('awk "/^Mem(Total|Available)/ { print \\$2 }" /proc/meminfo'),
    { expect: /^\d+\n\d+$/m },
  );
  const [total = 0, available = 0] = shown
    .split(/\s+/)
    .map((kib) => Math.round(Number(kib) / 1024));
  await s.step("rm", "podman machine rm -f box");
  return { initMs, startMs, containerMs, memoryMiB: { total, available } };
}

/** Whoever waits for a machine whose agents can't run is told, and can have it removed. */
export async function withoutAgents(s: Session): Promise<void> {
  await s.step("init", `podman machine init --image ${image} box`);
  await s.step("start ends with a reason", start, {
    env: { QEMU_CPU: "core2duo" },
    status: 125,
    expect: /^Error: machine did not transition into running state: ssh error/m,
  });
  await s.step("rm", "podman machine rm -f box");
  await s.step("nothing runs", "sleep 1; ! pgrep -u $(id -u) 'qemu|gvproxy|virtiofsd'");
}

/** A release's OCI layout, copied to a registry as docs/release.md says, is what the client takes its image from. */
export async function fromRegistry(s: Session, version: string): Promise<void> {
  const registry = "127.0.0.1:5000";
  const data = "$HOME/.local/share/containers/registry";
  await s.step(
    "a registry on the host",
    `printf 'version: 0.1\nstorage: { filesystem: { rootdirectory: %s } }\nhttp: { addr: "${registry}" }\n' ${data} >registry.yml
    setsid docker-registry serve registry.yml >registry.log 2>&1 </dev/null &
    curl -sS --retry 60 --retry-all-errors --retry-delay 1 http://${registry}/v2/`,
    { expect: "{}" },
  );
  const copy = (tag: string) =>
    `skopeo copy -q --all --dest-tls-verify=false oci:/opt/release/oci:${tag} docker://${registry}/boot2podman:${tag}`;
  await s.step(
    "the release's images are copied",
    `${copy(version)} && ${copy(`${version}-kubevirt`)}`,
  );
  await s.step(
    "init from the registry",
    `mkdir -p .config/containers && printf '[[registry]]\nlocation = "${registry}"\ninsecure = true\n' >.config/containers/registries.conf
    podman machine init --image docker://${registry}/boot2podman:${version} box`,
    { expect: "Machine init complete" },
  );
  await s.start("start");
  await s.step("run", `${importImage} && podman run --rm ${busybox} echo hello`, {
    ...remote,
    expect: "hello",
  });
  await s.step("which system", ssh("cat /etc/os-release"), {
    expect: `VERSION_ID=${version}`,
  });
  await s.step("rm", "podman machine rm -f box");
}
