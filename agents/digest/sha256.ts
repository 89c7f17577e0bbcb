/**
 * SHA-256 of some bytes. By the runtime's own hasher: loading node:crypto takes as long as the whole start of
 * the program. Unit tests run on Node, which has no other.
 */
export function sha256(bytes: Uint8Array): Buffer {
  return typeof Bun === "undefined"
    ? process.getBuiltinModule("node:crypto").createHash("sha256").update(bytes).digest()
    : Buffer.from(new Bun.CryptoHasher("sha256").update(bytes).digest());
}
