import { oneLine } from "../command/one-line.ts";
import type { FileStat } from "../kernel/files.ts";
import type { Kernel } from "../kernel/kernel.ts";
import { hasCode } from "../kernel/kernel-error.ts";
import {
  type HostKey,
  type HostKeyType,
  hostKeyTypes,
  parseHostKey,
  privateName,
  publicName,
} from "./host-keys.ts";
import { parsePublicKey } from "./keys/public-key.ts";
import type { Stored } from "./plan.ts";

const root = { uid: 0, gid: 0 };
/** Below the flavour's state folder. */
const storeFolder = "etc/ssh";
/** Where sshd looks for its host keys. */
export const sshdFolder = "/etc/ssh";
const maxKeyBytes = 64 * 1024;

/** Where host keys are kept, and whether that outlasts the boot. */
export interface Store {
  stateFolder: string;
  isOnDisk: boolean;
}

/** Where host keys are kept: on the data disk when it is mounted, otherwise in RAM. */
export function openStore(kernel: Kernel, stateFolder: string): Store {
  return {
    stateFolder,
    isOnDisk: kernel.mounts().some(({ target }) => target === stateFolder),
  };
}

/** What is stored, each key checked. Only reads. */
export async function readStored(
  kernel: Kernel,
  store: Store,
): Promise<Record<HostKeyType, Stored>> {
  const entries = await Promise.all(
    hostKeyTypes.map(async (type) => [type, await readOne(kernel, store, type)] as const),
  );
  const missing: Stored = { state: "missing" };
  return { ed25519: missing, ecdsa: missing, rsa: missing, ...Object.fromEntries(entries) };
}

async function readOne(kernel: Kernel, store: Store, type: HostKeyType): Promise<Stored> {
  let content: Uint8Array | undefined;
  try {
    content = kernel.withFolderBeneath(store.stateFolder, storeFolder, (folder) => {
      const path = `${folder}/${privateName(type)}`;
      checkFile(kernel.lstat(path));
      return kernel.readNoFollow(path, maxKeyBytes);
    });
    if (content === undefined) {
      return { state: "missing" };
    }
    return { state: "sound", key: parseHostKey(type, content) };
  } catch (error) {
    if (hasCode(error, "ENOENT")) {
      return { state: "missing" };
    }
    const why = oneLine(error);
    const old = content && (await readOldFormat(kernel, store, type, content));
    return old ?? { state: "unusable", why };
  }
}

/** Throws an Error when what lies there could have been read or written by others than root. */
function checkFile(found: FileStat | undefined): void {
  if (found === undefined) {
    return;
  }
  if (found.kind !== "file") {
    throw new Error(`it is a ${found.kind}, not a file`);
  }
  if (found.uid === 0 && (found.mode & 0o077) === 0) {
    return;
  }
  const mode = found.mode.toString(8).padStart(4, "0");
  throw new Error(`its mode ${mode} (uid ${found.uid}) lets others read it`);
}

/** Disks of earlier systems may hold keys as PEM; ssh-keygen reads them, and its word counts. */
async function readOldFormat(
  kernel: Kernel,
  store: Store,
  type: HostKeyType,
  content: Uint8Array,
): Promise<Stored | undefined> {
  const start = Buffer.from(content.subarray(0, 64)).toString("latin1");
  if (!/^-----BEGIN (RSA|EC) PRIVATE KEY-----/.test(start)) {
    return undefined;
  }
  const path = `${store.stateFolder}/${storeFolder}/${privateName(type)}`;
  const command = ["ssh-keygen", "-y", "-P", "", "-f", path];
  const result = await kernel.run(command);
  if (result.exitCode !== 0) {
    return undefined;
  }
  const [keyType = "", base64 = ""] = result.stdout.trim().split(" ");
  try {
    return { state: "sound", key: { type, content, public: parsePublicKey(keyType, base64) } };
  } catch {
    // ssh-keygen gave something that is no key of ours: as damaged as the rest.
    return undefined;
  }
}

/** Keeps a key, whole or not at all. Throws a KernelError when the disk can't take it. */
export function keepKey(kernel: Kernel, store: Store, key: HostKey): void {
  kernel.mkdir(store.stateFolder);
  kernel.mkdirBeneath(store.stateFolder, storeFolder, { mode: 0o700, owner: root });
  kernel.withFolderBeneath(store.stateFolder, storeFolder, (path) => writeKey(kernel, path, key));
}

/** Puts a key where sshd reads it. */
export function serveKey(kernel: Kernel, key: HostKey): void {
  kernel.mkdir(sshdFolder);
  writeKey(kernel, sshdFolder, key);
}

/** Renames what is stored for a type, so that nothing is lost; gives the new name. */
export function putAside(kernel: Kernel, store: Store, type: HostKeyType, word: string): string {
  const stamp = new Date(kernel.nowMs()).toISOString().replaceAll(/[-:]|\..*/g, "");
  const suffix = `${word}-${stamp}`;
  kernel.withFolderBeneath(store.stateFolder, storeFolder, (path) => {
    for (const name of [privateName(type), publicName(type)]) {
      try {
        kernel.rename(`${path}/${name}`, `${path}/${name}.${suffix}`);
      } catch (error) {
        if (!hasCode(error, "ENOENT")) {
          throw error;
        }
      }
    }
    kernel.fsync(path);
  });
  return `${privateName(type)}.${suffix}`;
}

/** The public half first: a private one alone is whole, since it holds both. */
function writeKey(kernel: Kernel, folder: string, key: HostKey): void {
  const line = `${key.public.type} ${key.public.base64}\n`;
  kernel.writeAtomic(`${folder}/${publicName(key.type)}`, line, { mode: 0o644, owner: root });
  kernel.writeAtomic(`${folder}/${privateName(key.type)}`, key.content, {
    mode: 0o600,
    owner: root,
  });
}
