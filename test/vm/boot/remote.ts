import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { expect } from "vitest";
import { busyboxImage } from "../harness/container-image.ts";
import { Registry } from "../harness/registry.ts";
import { runOk } from "../harness/run.ts";
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

  test("answers on podman's socket, under its old name too", async ({ booted: { machine } }) => {
    await machine.root("test -S /run/podman/podman.sock && test -S /run/podman/io.podman");
    const one = await machine.root(
      "podman --remote --url unix:///run/podman/io.podman version -f '{{.Server.Version}}'",
    );
    expect(one).toMatch(/^5\./);
  });
}
