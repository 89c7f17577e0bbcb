import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { expect } from "vitest";
import { busyboxImage } from "../harness/container-image.ts";
import { Registry } from "../harness/registry.ts";
import { runOk } from "../harness/run.ts";
import { varlinkctlInto } from "../harness/varlinkctl.ts";
import { test } from "./booted.ts";

/** Podman from elsewhere: registries, and clients on the host. */
export function remoteTests(): void {
  test("pulls from a registry what it pushed there", async ({ booted: { machine } }) => {
    const registry = await Registry.start();
    try {
      // Seen from the guest, QEMU's network has the host's loopback at 10.0.2.2.
      const name = `10.0.2.2:${registry.port}/team/tool`;
      await machine.root(`podman push -q --tls-verify=false ${busyboxImage} ${name}`);
      const run = `podman run -q --rm --pull=always --tls-verify=false ${name} echo pulled`;
      expect(await machine.root(run)).toBe("pulled");
    } finally {
      await registry.stop();
    }
  });

  test("is listed by a podman on the host over ssh://", async ({
    booted: { machine, identity },
  }) => {
    const known = path.join(identity.folder, "home");
    await mkdir(path.join(known, ".ssh"), { recursive: true, mode: 0o700 });
    const keys = await runOk([
      "ssh-keyscan",
      "-T",
      "60",
      "-t",
      "ed25519,ecdsa",
      "-p",
      String(machine.sshPort),
      "127.0.0.1",
    ]);
    await writeFile(path.join(known, ".ssh/known_hosts"), keys);
    const url = `ssh://root@127.0.0.1:${machine.sshPort}/run/podman/podman.sock`;
    const remote = ["podman", "--remote", "--url", url, "--identity", identity.key];
    const env = { ...process.env, HOME: known };
    expect(await runOk([...remote, "ps", "--format", "{{.Names}}"], { env })).toMatch(/^web$/m);
  });

  test("answers over Varlink at a socket that starts its service, and through the bridge over ssh", async ({
    booted: { machine },
  }) => {
    expect(await machine.root("stat -c '%a %F' /run/podman /run/podman/io.podman")).toBe(
      "700 directory\n600 socket",
    );
    const version = await machine.root("varlink call io.podman.GetVersion");
    expect(JSON.parse(version)).toMatchObject({ remote_api_version: 1 });
    const calls = ["io.podman.GetVersion", "org.varlink.resolver.GetInfo"];
    const asked = calls.map((method) => `${JSON.stringify({ method })}\\0`).join("");
    const bridge = "varlink -A 'podman varlink \\$VARLINK_ADDRESS' bridge";
    const { stdout: replies } = await machine.ssh(`printf '${asked}' | ${bridge} | tr '\\0' '\\n'`);
    const [first = "", second = ""] = replies.split("\n");
    expect(JSON.parse(first).parameters).toMatchObject(JSON.parse(version));
    expect(JSON.parse(second).parameters.interfaces).toContain("io.podman");
  });

  test("says over Varlink what it found and who may log in, to systemd's varlinkctl on the host, and lets root change it", async ({
    booted: { machine, identity },
  }) => {
    const varlinkctl = await varlinkctlInto(machine, identity.folder);
    const [user, root] = ["tc", "root"].map((name) => `ssh-exec:${name}@127.0.0.1:varlink bridge`);
    const socket = "ssh-unix:root@127.0.0.1:/run/boot2podman/io.boot2podman-root";
    const disks = "io.boot2podman.Disks";
    const status = JSON.parse(
      await varlinkctl("-j", "call", user ?? "", "io.boot2podman.Disks.Get", "{}"),
    );
    expect(status.dataDisk).toMatchObject({ partition: "/dev/vda1", filesystem: "ext4" });
    await expect(varlinkctl("call", user ?? "", `${disks}.DryRun`, "{}")).rejects.toThrow(
      /PermissionDenied/,
    );
    const list = await varlinkctl("-j", "call", user ?? "", "io.boot2podman.Extensions.List", "{}");
    expect(JSON.parse(list)).toEqual({ extensions: [] });
    const dry = JSON.parse(await varlinkctl("-j", "call", root ?? "", `${disks}.DryRun`, "{}"));
    expect(dry.plan.row).toBe("labelled-mounted");
    const done = JSON.parse(await varlinkctl("-j", "call", socket, `${disks}.SetUp`, "{}"));
    expect(done.message).toContain("in use already");
    const keys = JSON.parse(
      await varlinkctl("-j", "call", socket, "io.boot2podman.Keys.List", "{}"),
    );
    expect(keys.authorized[0]).toMatchObject({ for: "user", counts: "now" });
    const podman = "ssh-unix:root@127.0.0.1:/run/podman/io.podman";
    expect(await varlinkctl("introspect", podman, "io.podman")).toContain("method GetVersion");
  });
}
