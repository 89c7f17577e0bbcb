import { randomBytes, randomUUID } from "node:crypto";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { type ArchiveMember, writeArchive } from "../../disk/ustar.ts";
import { MachineError } from "../../error/machine-error.ts";
import { lastLine, runProgram } from "../../program/run.ts";
import { machineUuid } from "./machine-uuid.ts";

const keygenTimeoutMs = 120_000;
const seedBytes = 512;
/** Of the guest: in RAM, and on its data disk. */
const workFolder = "run/boot2podman/identity";
const stateFolder = "var/lib/boot2podman";
/** A key of RSA takes a second: the guest makes one at its next boot, for the clients that know nothing else. */
const hostKeyTypes = ["ed25519", "ecdsa"];

/** What makes a guest another than the one that was saved. */
export interface Identity {
  /** For the guest, see usr/lib/boot2podman/quiesce. */
  readonly archive: Buffer;
  /** Its host keys, as `type base64`; undefined when it keeps those that it has. */
  readonly hostKeys: readonly string[] | undefined;
}

/** Makes a new identity. Host keys come from this host, which has better randomness than a guest that was copied. */
export async function makeIdentity(
  name: string,
  folder: string,
  keepsKeys: boolean,
): Promise<Identity> {
  const keys = keepsKeys ? [] : await makeHostKeys(folder);
  const member = (path: string, text: string, mode = 0o644): ArchiveMember => ({
    name: path,
    mode,
    content: Buffer.from(text),
  });
  const archive = writeArchive([
    { name: `${workFolder}/seed`, mode: 0o600, content: randomBytes(seedBytes) },
    member(`${workFolder}/boot_id`, `${randomUUID()}\n`, 0o444),
    member("etc/hostname", `${name}\n`),
    member("etc/hosts", `127.0.0.1\tlocalhost ${name}\n::1\tlocalhost ip6-localhost\n`),
    member(`${stateFolder}/last-machine`, `${machineUuid(folder)}\n`),
    { name: `${stateFolder}/random-seed`, mode: 0o600, content: randomBytes(seedBytes) },
    ...["etc/ssh", `${stateFolder}/etc/ssh`].flatMap((place) =>
      keys.map(({ file, content }) => ({
        name: `${place}/${file}`,
        mode: file.endsWith(".pub") ? 0o644 : 0o600,
        content,
      })),
    ),
  ]);
  const hostKeys = keys
    .filter(({ file }) => file.endsWith(".pub"))
    .map(({ content }) => content.toString().trim().split(" ").slice(0, 2).join(" "));
  return { archive, hostKeys: keepsKeys ? undefined : hostKeys };
}

/** The nearest whole second: the guest's shell takes no fraction. */
export function nowSeconds(): number {
  return Math.round(Date.now() / 1000);
}

async function makeHostKeys(folder: string): Promise<{ file: string; content: Buffer }[]> {
  const place = await mkdtemp(join(folder, ".keys-"));
  try {
    await Promise.all(hostKeyTypes.map((type) => makeHostKey(place, type)));
    const files = (await readdir(place)).sort();
    return await Promise.all(
      files.map(async (file) => ({ file, content: await readFile(join(place, file)) })),
    );
  } finally {
    await rm(place, { recursive: true, force: true });
  }
}

async function makeHostKey(place: string, type: string): Promise<void> {
  const path = join(place, `ssh_host_${type}_key`);
  const args = ["-q", "-t", type, "-N", "", "-C", "", "-f", path];
  const result = await runProgram("ssh-keygen", args, { timeoutMs: keygenTimeoutMs });
  if (result.exitCode !== 0) {
    throw new MachineError(`The host key ${path} could not be made: ${lastLine(result.stderr)}`);
  }
}
