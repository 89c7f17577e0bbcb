import { existsSync } from "node:fs";
import { readFile, stat } from "node:fs/promises";
import path from "node:path";
import { expect } from "vitest";
import { type Client, inGuest, isWhole } from "./client.ts";

const manyFiles = isWhole ? 10_000 : 500;

/** Shares: both directions, owners, reading alone, many files, and from within a container later. */
export async function sharesAreServed(client: Client, shared: string): Promise<void> {
  const script = [
    "set -e",
    'cat "/mnt/my folder/from host"',
    'echo written in the guest > "/mnt/my folder/from guest"',
    'stat -c %U "/mnt/my folder/from guest"',
    "! touch /mnt/only/x 2>/dev/null",
    "sudo mount -o remount,rw /mnt/only && ! sudo touch /mnt/only/x 2>/dev/null",
    'mkdir "/mnt/my folder/many" && cd "/mnt/my folder/many"',
    // All made by one process: processes are what is slow here.
    `seq 1 ${manyFiles} | awk '{ print $1 > $1; close($1) }'`,
    "ls | wc -l",
  ];
  const said = await inGuest(client, script.join("\n"));
  expect(said).toBe(`written on the host\ntc\n${manyFiles}\n`);
  const fromGuest = path.join(shared, "from guest");
  expect(await readFile(fromGuest, "utf8")).toBe("written in the guest\n");
  expect((await stat(fromGuest)).uid).toBe(process.getuid?.());
  expect(await readFile(path.join(shared, `many/${manyFiles}`), "utf8")).toBe(`${manyFiles}\n`);
  expect(existsSync(path.join(shared, "x"))).toBe(false);
}
