import { execFile } from "node:child_process";
import { readFile, rm } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { busyboxImage, importBusybox } from "./harness/container-image.ts";
import { type Identity, laidDataDisk, newIdentity } from "./harness/data-disk.ts";
import { TestMachine } from "./harness/test-machine.ts";

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
    const disks = [await laidDataDisk(identity, {})];
    machine = await TestMachine.start({ key: identity.key, disks });
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

  test.each(["root", "tc"] as const)(
    "runs a setuid program of %s's image as its owner",
    async (user) => {
      await importBusybox(machine, user);
      // The process is uid 65534's by its start; ps says whose it has become. Busybox gives up what setuid brings; catatonit, with -P, waits with it.
      const script = [
        `podman run --name maker -v /usr/bin/catatonit:/given:ro ${busyboxImage} sh -c 'dd if=/given of=/bin/own 2>/dev/null && chmod 4755 /bin/own'`,
        "podman commit -q maker localhost/own",
        "podman run -d --name own --user 65534 localhost/own /bin/own -P",
        "podman top own user euser",
        "podman rm -f -t 0 own maker >/dev/null",
      ].join(" && ");
      const lines = (await machine.guest(script, { user })).split("\n");
      expect(
        lines.some((line) => /^\s*1 root\s.*own -P/.test(line)),
        lines.join("\n"),
      ).toBe(true);
    },
  );

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
