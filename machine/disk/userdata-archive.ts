import { writeArchive } from "./ustar.ts";

/** At offset 0 of a whole disk this asks the guest to format it. */
export const formatMagic = "boot2podman, please format-me";

/**
 * The archive at the start of a new data disk: the request to format it, and the key that may log
 * in. The archive's first bytes are the name of its first member, which is the magic. The same key
 * is written under both names that sshd reads.
 *
 * @param identity its public key is a line of authorized_keys; the comment is left out.
 * @param magic of another flavour of the image.
 */
export function userdataArchive(identity: { publicKey: string }, magic = formatMagic): Buffer {
  const line = Buffer.from(`${keyWithoutComment(identity.publicKey)}\n`);
  return writeArchive([
    { name: magic, mode: 0, content: Buffer.from(magic) },
    { name: ".ssh", mode: 0o700 },
    { name: ".ssh/authorized_keys", mode: 0o644, content: line },
    { name: ".ssh/authorized_keys2", mode: 0o644, content: line },
  ]);
}

function keyWithoutComment(publicKey: string): string {
  const [type, key] = publicKey.trim().split(/\s+/);
  if (type === undefined || key === undefined) {
    throw new RangeError(`Not a public key: ${JSON.stringify(publicKey)}`);
  }
  return `${type} ${key}`;
}
