import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import path from "node:path";
import { expect } from "vitest";
import { busyboxImage, importScript } from "../harness/container-image.ts";
import type { Result } from "../harness/run.ts";

/** Runs podman-machine on a store of its own. */
type Command = (...words: string[]) => Promise<Result>;

/** What no two machines have alike. */
const ownScript =
  "hostname; head -c 32 /dev/urandom | base64; cat /proc/sys/kernel/random/boot_id; cat /etc/ssh/ssh_host_ed25519_key.pub; cat /var/lib/boot2podman/last-machine";

/** A machine that runs is saved, forked three times, run one container of, and put back. */
export async function isSavedAndForked(name: string, store: string, machine: Command) {
  const ok = async (...words: string[]) => {
    const result = await machine(...words);
    expect(result).toMatchObject({ exitCode: 0 });
    return result.stdout;
  };
  const asRoot = (which: string, script: string) => ok("ssh", "-l", "root", which, script);
  const forks = [1, 2, 3].map((number) => `${name}-${number}`);
  await asRoot(name, importScript);
  await ok("save", name);
  const before = await hashesOf(path.join(store, "templates", name));
  await asRoot(name, "touch /var/lib/boot2podman/later");

  await ok("fork", "-n", "2", name);
  await ok("fork", "--rm", name, `${name}-3`);
  const all = [name, ...forks];
  const found = await Promise.all(all.map((which) => asRoot(which, ownScript)));
  const lines = found.map((text) => text.trim().split("\n"));
  for (const index of lines[0]?.keys() ?? []) {
    expect(new Set(lines.map((line) => line[index])).size, lines.join("\n")).toBe(all.length);
  }
  expect(lines.map(([host]) => host)).toEqual(all);
  expect((await machine("save", `${name}-1`)).stderr).toMatch(/as of a fork/);
  expect((await machine("save", "rm", name)).stderr).toMatch(/machines go on from it/);

  const pid = Number(await readFile(path.join(store, `machines/${name}-3/qemu.pid`), "utf8"));
  process.kill(pid, "SIGKILL");
  await ok("rm", "-f", `${name}-1`, `${name}-2`);
  const words = ["run", "--template", name, busyboxImage, "sh", "-c", "hostname; exit 7"];
  expect(await machine(...words)).toMatchObject({ exitCode: 7 });
  await expect
    .poll(() => readdir(path.join(store, "machines")), { timeout: 60_000 })
    .not.toContain(`${name}-3`);

  await ok("restore", "-y", name);
  expect(await asRoot(name, "hostname; ls /var/lib/boot2podman")).toMatch(
    new RegExp(`^${name}\n(?![^]*later)`),
  );
  expect(await hashesOf(path.join(store, "templates", name))).toEqual(before);
}

async function hashesOf(folder: string): Promise<string[]> {
  const names = (await readdir(folder)).sort();
  const all = await Promise.all(names.map((name) => readFile(path.join(folder, name))));
  return all.map((bytes) => createHash("sha256").update(bytes).digest("hex"));
}
