/** A key that nobody has: its curve point is all sevens. */
export const key = `ssh-ed25519 ${Buffer.concat([
  Buffer.from([0, 0, 0, 11]),
  Buffer.from("ssh-ed25519"),
  Buffer.from([0, 0, 0, 32]),
  Buffer.alloc(32, 7),
]).toString("base64")} me@here`;

/** What a program makes of bytes that should be text. */
export const text = (bytes: Uint8Array) => Buffer.from(bytes).toString("utf8");

/** Texts as seeds. */
export const bytesOf = (...texts: string[]) => texts.map((one) => Buffer.from(one));
