import { once } from "node:events";
import { rm } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { busyboxImage } from "./harness/container-image.ts";
import type { Identity } from "./harness/data-disk.ts";
import { TestMachine } from "./harness/test-machine.ts";
import { usedDisk } from "./harness/used-disk.ts";

// What people are used to from Podman on a big distribution. Each command of podman takes seconds here, so that a
// script each for root and for the user runs all of them, and the tests look at what its parts printed.

/** What iptables asks the kernel for by these names, in rules that containers commonly set. */
const matches = [
  "addrtype",
  "comment",
  "connmark",
  "conntrack",
  "limit",
  "mark",
  "multiport",
  "owner",
  "physdev",
  "recent",
  "set",
  "state",
  "statistic",
];
const targets = ["CT", "DNAT", "LOG", "MASQUERADE", "NFLOG", "REDIRECT", "REJECT", "TCPMSS"];

const rootScript = (port: number) => `
part() { echo "== $1"; }
part limits; ulimit -Hn; ulimit -Sn; ulimit -Hc; ulimit -l; grep 'open files' /proc/$(pidof agents | cut -d' ' -f1)/limits
part zone; date +%Z; cat /etc/timezone; readlink /etc/localtime
part sysctls; cat /proc/sys/vm/max_map_count /proc/sys/fs/inotify/max_user_instances
part container; podman run --rm --tz America/New_York -v /var/run/docker.sock:/docker.sock ${busyboxImage} sh -c '
  date +%Z; [ -S /docker.sock ] && echo socket; cat /proc/sys/net/ipv4/ping_group_range; cat /etc/hosts; ulimit -Hn
  wget -q -O - http://host.containers.internal:${port}/'
part local; podman run --rm --network none --tz local ${busyboxImage} date +%Z
part nowhere; podman run --rm --network none --tz Nowhere/City ${busyboxImage} true 2>&1; echo $?
part auto; podman run --rm --network none --userns auto ${busyboxImage} cat /proc/self/uid_map
part macvlan; podman network create -d macvlan -o parent=eth0 lan >/dev/null
podman run --rm --network lan ${busyboxImage} ip -4 -o addr show dev eth0
podman run -d --name long --network none ${busyboxImage} sleep 100000 >/dev/null
part top; podman top long -eo pid,pcpu,comm
part ps; docker top long -ef
part twice; grep -c 'overlay-containers/.*/userdata/shm' /proc/mounts
part df; su tc -c 'df -h; echo $?' 2>&1
part modules; modprobe xfs 2>&1; echo $?; modprobe -a loop squashfs binfmt_misc wireguard vxlan ip_vs sch_netem iptable_nat xt_state \
  xt_connmark xt_owner xt_physdev xt_recent xt_statistic xt_limit xt_set xt_CT xt_LOG xt_NFLOG xt_TCPMSS ipt_REJECT \
  xt_addrtype xt_comment xt_conntrack xt_mark xt_multiport xt_nat xt_MASQUERADE xt_REDIRECT; echo $?
part matches; cat /proc/net/ip_tables_matches
part targets; cat /proc/net/ip_tables_targets
part binfmt; ls /proc/sys/fs/binfmt_misc
part cifs; mount -t cifs //192.0.2.1/x /media 2>&1; echo $?
part nfs; podman volume create -o type=nfs -o o=addr=192.0.2.1 -o device=:/x far >/dev/null
podman run --rm --network none -v far:/x ${busyboxImage} true 2>&1; echo $?
part end`;

const userScript = `
part() { echo "== $1"; }
part docker; echo $DOCKER_HOST; [ -S \${DOCKER_HOST#unix://} ] && echo socket
part login; sh -lc 'echo $DOCKER_HOST'
part limits; podman run --rm --network none --ulimit nofile=65536:65536 ${busyboxImage} sh -c 'ulimit -Hn; ulimit -Sn'
part taken; nc -l -p 8081 & sleep 1; podman run --rm -p 8081:80 ${busyboxImage} true 2>&1; echo $?; kill $!
part container; podman run --rm ${busyboxImage} sh -c 'ulimit -Hn; cat /proc/sys/net/ipv4/ping_group_range /etc/hosts'
part end`;

/** "== name" and the lines behind it. */
function parts(text: string): (name: string) => string {
  const found = new Map(
    text.split(/^== /m).map((part): [string, string] => {
      const end = part.indexOf("\n");
      return [part.slice(0, end), part.slice(end + 1).trim()];
    }),
  );
  return (name) => found.get(name) ?? `there is no part ${name} in:\n${text}`;
}

describe("at home with containers", () => {
  let identity: Identity;
  let machine: TestMachine;
  let host: Server;
  let root: ReturnType<typeof parts>;
  let user: ReturnType<typeof parts>;

  beforeAll(async () => {
    host = createServer((_, response) => response.end("the host itself\n")).listen(0, "127.0.0.1");
    await once(host, "listening");
    const address = host.address();
    const port = typeof address === "object" && address !== null ? address.port : 0;
    const used = await usedDisk();
    identity = used.identity;
    const append = "tz=Europe/Berlin";
    machine = await TestMachine.start({ key: identity.key, disks: [used.disk], append });
    // What fails in it is seen by its part.
    root = parts((await machine.ssh(rootScript(port), { user: "root" })).stdout);
    user = parts((await machine.ssh(userScript)).stdout);
  });
  afterAll(async () => {
    await machine?.remove();
    await rm(identity.folder, { recursive: true, force: true });
    host.close();
  });

  test("limits are those of a systemd distribution: hard ones high, soft ones low", () => {
    const [hard, soft, core, memlock, agent] = root("limits").split("\n");
    expect([hard, soft, core, memlock]).toEqual(["524288", "1024", "unlimited", "8192"]);
    expect(agent).toMatch(/Max open files +1024 +524288/);
    expect(user("limits")).toBe("65536\n65536");
    expect(user("container").split("\n")[0]).toBe("524288");
  });

  test("ping may be used in containers, as the distribution has it", () => {
    expect(root("container")).toMatch(/^0\t0$/m);
    expect(user("container")).toMatch(/^0\t0$/m);
  });

  test("docker's socket is where it is looked for, also inside a container", () => {
    expect(root("container")).toMatch(/^socket$/m);
    const socket = "unix:///run/user/1000/podman/podman.sock";
    expect(user("docker")).toBe(`${socket}\nsocket`);
    expect(user("login")).toBe(socket);
  });

  test("zones have names, for the machine and for containers", () => {
    expect(root("zone")).toMatch(/^CES?T\nEurope\/Berlin\n\/usr\/share\/zoneinfo\/Europe\/Berlin$/);
    expect(root("container")).toMatch(/^E[SD]T$/m);
    expect(root("local")).toMatch(/^CES?T$/);
    expect(root("nowhere")).toMatch(/unknown time zone Nowhere\/City\n125$/);
  });

  test("a port that is taken is said first, with status 126", () => {
    const lines = user("taken").split("\n");
    expect(lines.join(" ")).toMatch(/^Error: pasta failed .*Address already in use/);
    expect(lines.at(-1)).toBe("126");
  });

  test("top takes ps' own options, and gives docker's columns", () => {
    expect(root("top")).toMatch(/^ *PID %CPU COMMAND\n +1 +\S+ sleep$/m);
    expect(root("ps")).toMatch(/^UID +PID +PPID +C +STIME +TTY +TIME +CMD$/m);
  });

  test("a container's mounts show once, and df as the user is no failure", () => {
    expect(root("twice")).toBe("1");
    expect(root("df")).toMatch(/\/mnt\/vda1\n/);
    expect(root("df")).toMatch(/\n0$/);
    expect(root("df")).not.toMatch(/denied/);
  });

  test("a container's host is the person's computer, in QEMU's user network", () => {
    const line = /^10\.0\.2\.2\thost\.containers\.internal host\.docker\.internal$/m;
    expect(root("container")).toMatch(line);
    expect(user("container")).toMatch(line);
    expect(root("container")).toMatch(/the host itself$/);
  });

  test("the kernel has what containers ask for, and what is left out is said", () => {
    expect(root("sysctls")).toBe("1048576\n524288");
    expect(root("modules")).toMatch(/boot2podman extension add modules .*\n1\n0$/);
    expect(root("matches").split("\n")).toEqual(expect.arrayContaining(matches));
    expect(root("targets").split("\n")).toEqual(expect.arrayContaining(targets));
    expect(root("binfmt").split("\n")).toEqual(["register", "status"]);
    expect(root("nfs")).toMatch(
      /^Error: mounting volume far .*mount\.nfs: this image leaves nfs out/,
    );
    expect(root("nfs")).toMatch(/\n126$/);
    expect(root("cifs")).toMatch(/^mount\.cifs: this image leaves cifs out[^\n]*\n(.*\n)?32$/);
  });

  test("user namespaces by themselves, and DHCP for macvlan", () => {
    expect(root("auto")).toMatch(/^ *0 +2147483647 +1024$/);
    expect(root("macvlan")).toMatch(/ inet 10\.0\.2\.\d+\/24 /);
  });
});
