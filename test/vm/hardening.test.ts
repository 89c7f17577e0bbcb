import { execFile } from "node:child_process";
import { readFile, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { busyboxImage, importBusybox } from "./harness/container-image.ts";
import { type Identity, laidDataDisk, newIdentity } from "./harness/data-disk.ts";
import { TestMachine } from "./harness/test-machine.ts";

/**
 * Sets the name of a host of its own, in user and host namespaces of its own: it has the capability there, and only
 * Podman's list of calls forbids it.
 */
const ownHostname = "/bin/busybox unshare -Ur -u sh -c 'hostname own && hostname'";

/** Where a data disk keeps what is its owner's. */
const onDisk = "var/lib/boot2podman";

/** Rows of docs/hardening.md: what is asked of the guest, and its answer as the table has it. */
async function documented(): Promise<{ command: string; answer: string }[]> {
  const text = await readFile(new URL("../../docs/hardening.md", import.meta.url), "utf8");
  return [...text.matchAll(/^\| `([^`]+)` \| `([^`]*)` \|/gm)].map(
    ([, command = "", answer = ""]) => ({ command: command.replaceAll("\\|", "|"), answer }),
  );
}

describe("a running guest", () => {
  let identity: Identity;
  let machine: TestMachine;

  beforeAll(async () => {
    identity = await newIdentity();
    const hook = { [`${onDisk}/bootlocal.sh`]: "touch /run/hook-ran\n" };
    const disks = [await laidDataDisk(identity, hook, [`${onDisk}/boot2podman.toml`])];
    const append = "boot2podman.hooks=never";
    machine = await TestMachine.start({ key: identity.key, disks, append, isRestricted: true });
  });
  afterAll(async () => {
    await machine?.remove();
    await rm(identity.folder, { recursive: true, force: true });
  });

  test("is as docs/hardening.md says", async () => {
    const rows = await documented();
    expect(rows.length).toBeGreaterThan(15);
    const found: typeof rows = [];
    for (const { command } of rows) {
      found.push({ command, answer: (await machine.root(command)).split("\n").join(" ").trim() });
    }
    expect(found).toEqual(rows);
  });

  test("is up although its settings are a FIFO, says so, and runs no hook where none shall run", async () => {
    const status = await machine.root("boot2podman status");
    expect(status).toMatch(/boot2podman\.toml.*(regular|FIFO|fifo)/);
    expect(await machine.root("podman ps -q; ls /run/hook-ran 2>&1 || true")).toMatch(
      /No such file/,
    );
  });

  test.each(["root", "tc"] as const)(
    "runs a setuid program of %s's image as its owner",
    async (user) => {
      await importBusybox(machine, user);
      // The process is uid 65534's by its start; top says whose it has become. Busybox gives up what setuid brings; catatonit, with -P, waits with it.
      const script = [
        `podman run --network none --name maker -v /usr/bin/catatonit:/given:ro ${busyboxImage} sh -c 'dd if=/given of=/bin/own 2>/dev/null && chmod 4755 /bin/own'`,
        "podman commit -q maker localhost/own",
        "podman run -d --network none --name own --user 65534 localhost/own /bin/own -P",
        "podman top own pid user args",
        "podman rm -f -t 0 own maker >/dev/null",
      ].join(" && ");
      const lines = (await machine.guest(script, { user })).split("\n");
      expect(
        lines.some((line) => /^1 +root +\/bin\/own -P/.test(line)),
        lines.join("\n"),
      ).toBe(true);
    },
  );

  test.each(["root", "tc"] as const)("holds %s's containers by seccomp", async (user) => {
    const asked = (options: string) =>
      `podman run --rm --network none ${options} ${busyboxImage} sh -c "grep -x 'Seccomp:.*' /proc/self/status && ${ownHostname}" 2>&1 || true`;
    const script = [asked(""), asked("--security-opt seccomp=unconfined")].join("\n");
    expect(await machine.guest(script, { user })).toMatch(
      /^Seccomp:\s+2\n[^\n]*not permitted\nSeccomp:\s+0\nown\n?$/,
    );
  });

  test("holds root's containers by Podman's AppArmor profile, and lets them do their work", async () => {
    const mounts = "/bin/busybox unshare -Ur -m sh -c 'mount -t tmpfs none /tmp && echo mounted'";
    const inside = [
      "cat /proc/1/attr/current /proc/self/attr/current",
      `${mounts} 2>&1`,
      // Signals within it.
      "sleep 1000 & kill -9 $! ; wait $! || echo ended by $?",
    ].join("; ");
    const start = [
      `podman run -d --network none --name held ${busyboxImage} sleep 1000 >/dev/null`,
      "podman inspect --format '{{.AppArmorProfile}}' held",
      `podman exec held sh -c "${inside.replaceAll("$", "\\$")}"`,
    ];
    expect((await machine.root(start.join("\n"))).split("\n")).toEqual([
      "containers-default-0.62.2",
      "containers-default-0.62.2 (enforce)",
      "containers-default-0.62.2 (enforce)",
      expect.stringMatching(/^unshare: can't mount .*: Permission denied$/),
      "ended by 137",
    ]);
    const free = "podman run --rm --network none --security-opt apparmor=unconfined";
    const end = [
      "podman restart -t 0 held && podman rm -f -t 0 held",
      `${free} ${busyboxImage} sh -c "cat /proc/self/attr/current; ${mounts}"`,
    ];
    expect((await machine.root(end.join("\n"))).split("\n")).toEqual([
      "held",
      "held",
      "unconfined",
      "mounted",
    ]);
  });

  test("reaches nothing of the host by a restricted network, from containers neither", async () => {
    let connections = 0;
    const server = createServer((socket) => {
      connections += 1;
      socket.destroy();
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const address = server.address();
    const port = typeof address === "object" ? address?.port : undefined;
    const get = `wget -T 5 -O- http://10.0.2.2:${port}/ 2>&1`;
    const said = await machine.root(
      `${get} || echo failed here; podman run --rm ${busyboxImage} sh -c '${get}' || echo failed there`,
    );
    server.close();
    expect(said).toMatch(/failed here[\s\S]*failed there/);
    expect(connections).toBe(0);
  });

  test("loads no other profile by what Podman calls, and says what to do", async () => {
    const load = (text: string, words = "-Kr") =>
      machine.root(`printf '${text}' | apparmor_parser ${words} 2>&1 || true`);
    expect(await load("profile other flags=() {\\n}\\n")).toMatch(
      /the profile other isn't among .*: containers-default-/,
    );
    expect(await load("profile ../x flags=() {\\n}\\n")).toMatch(/names no profile/);
    expect(await load("profile a b\\nprofile c d\\n")).toMatch(
      /names no profile, or more than one/,
    );
    expect(await load("", "-r /etc/x")).toMatch(/no compiler for AppArmor.*dd bs=1M/);
  });

  test("offers nothing by SSH that ssh-audit calls a failure, but NIST's curves", async () => {
    const { stdout } = await new Promise<{ stdout: string }>((resolve) => {
      const words = ["-n", "-p", String(machine.sshPort), "127.0.0.1"];
      // It ends with the number of what it found.
      execFile("ssh-audit", words, (_error, out) => resolve({ stdout: out }));
    });
    expect(stdout).toContain("(kex)");
    const failures = stdout.split("\n").filter((line) => line.includes("[fail]"));
    expect(failures.filter((line) => !/nistp/.test(line))).toEqual([]);
  });
});
