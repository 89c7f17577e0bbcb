import { appendFile, chmod, mkdir, symlink, utimes, writeFile } from "node:fs/promises";
import path from "node:path";
import { expect } from "vitest";
import { runOk } from "../harness/run.ts";
import { type Client, inGuest, machine } from "./client.ts";

/** rsync to the machine and back: names, links, modes and times are kept, and nothing is sent twice. */
export async function foldersAreSynced(client: Client): Promise<void> {
  const { env, folder, machine: name } = client;
  const from = path.join(folder, "to sync");
  await mkdir(path.join(from, "deep/er"), { recursive: true });
  await writeFile(path.join(from, "deep/er/a name"), "a".repeat(100_000));
  await writeFile(path.join(from, "run"), "#!/bin/sh\n");
  await chmod(path.join(from, "run"), 0o750);
  await utimes(path.join(from, "run"), 1_000_000_000, 1_000_000_000);
  await symlink("deep/er/a name", path.join(from, "link"));
  const ssh = `${env.PERSON_BIN}/person-ssh -o BatchMode=yes -o StrictHostKeyChecking=yes`;
  const rsync = (...words: string[]) => runOk(["rsync", "-ai", "-e", ssh, ...words], { env });
  const there = `${name}.podman-machine:/tmp/synced/`;
  expect(await rsync(`${from}/`, there)).toContain("deep/er/a name");
  expect(await inGuest(client, "cd /tmp/synced && stat -c '%a %Y %n' run && readlink link")).toBe(
    "750 1000000000 run\ndeep/er/a name\n",
  );
  const back = path.join(folder, "synced back");
  await rsync(there, `${back}/`);
  await runOk(["diff", "-r", "--no-dereference", from, back]);
  await appendFile(path.join(from, "deep/er/a name"), "more");
  expect(await rsync(`${from}/`, there)).toMatch(/^<f\S+ deep\/er\/a name\n$/);
  const delta = ["scp", "-d", "-r", "-q", path.join(from, "deep"), `${name}:/tmp/by-delta`];
  expect(await machine(client, ...delta)).toEqual({ exitCode: 0, stdout: "", stderr: "" });
  expect(await inGuest(client, "wc -c <'/tmp/by-delta/deep/er/a name'")).toBe("100004\n");
}
