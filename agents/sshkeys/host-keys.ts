import { type PublicKey, parseKeyBlob } from "./keys/public-key.ts";
import { WireReader } from "./keys/wire-reader.ts";

/** In the order in which they are made; a client takes the first that it knows. */
export const hostKeyTypes = ["ed25519", "ecdsa", "rsa"] as const;
/** The kinds of host keys, as ssh-keygen(1) names them. */
export type HostKeyType = (typeof hostKeyTypes)[number];

/** Name of the file with the private key, as sshd_config(5) expects it. */
export function privateName(type: HostKeyType): string {
  return `ssh_host_${type}_key`;
}

/** Name of the file with the public key. */
export function publicName(type: HostKeyType): string {
  return `${privateName(type)}.pub`;
}

/** A host key as it is stored: the private half's file, and the public half that is inside it. */
export interface HostKey {
  type: HostKeyType;
  content: Uint8Array;
  public: PublicKey;
}

const begin = "-----BEGIN OPENSSH PRIVATE KEY-----";
const end = "-----END OPENSSH PRIVATE KEY-----";

/**
 * Reads a private key that OpenSSH wrote (openssh: PROTOCOL.key) without a passphrase, and checks that it is of
 * that type. Throws an Error that says what is wrong.
 */
export function parseHostKey(type: HostKeyType, content: Uint8Array): HostKey {
  if (content.length === 0) {
    throw new Error("it is empty");
  }
  const text = Buffer.from(content).toString("latin1").trim();
  if (!text.startsWith(begin) || !text.endsWith(end)) {
    throw new Error("it is not an OpenSSH private key");
  }
  const base64 = text.slice(begin.length, -end.length).replaceAll(/\s/g, "");
  const bytes = Buffer.from(base64, "base64");
  if (bytes.toString("base64") !== base64) {
    throw new Error("it is not base64");
  }
  const reader = new WireReader(bytes);
  if (reader.raw(15).toString("latin1") !== "openssh-key-v1\0") {
    throw new Error("it is not an OpenSSH private key");
  }
  // Cipher and key derivation, then the latter's options.
  if (reader.text() !== "none" || reader.text() !== "none" || reader.text() !== "") {
    throw new Error("it has a passphrase");
  }
  if (reader.number() !== 1) {
    throw new Error("it holds more than one key");
  }
  const publicKey = parseKeyBlob(reader.bytes());
  checkPrivateHalf(reader.bytes(), publicKey);
  if (!reader.atEnd) {
    throw new Error("something follows the key");
  }
  if (!publicKey.type.startsWith(type === "ecdsa" ? "ecdsa-" : `ssh-${type}`)) {
    throw new Error(`it is a key of type ${publicKey.type}`);
  }
  return { type, content, public: publicKey };
}

/**
 * The private half begins with two equal numbers, repeats type and public fields, and ends with a comment and
 * padding of 1, 2, 3…: damage to the file shows in one of them.
 */
function checkPrivateHalf(bytes: Uint8Array, publicKey: PublicKey): void {
  const reader = new WireReader(bytes);
  const checks = [reader.number(), reader.number()];
  if (checks[0] !== checks[1]) {
    throw new Error("its two check numbers differ");
  }
  const halves = new WireReader(Buffer.from(publicKey.base64, "base64"));
  const [publicType, privateType] = [halves.text(), reader.text()];
  // RSA's public half is e, n; its private half n, e, …
  const publicFields = fieldsOf(halves);
  const expected = publicType === "ssh-rsa" ? publicFields.toReversed() : publicFields;
  const matches = expected.every((field) => reader.bytes().equals(field));
  if (privateType !== publicType || !matches) {
    throw new Error("its two halves don't match");
  }
  for (let left = privateFields[publicType] ?? 1; left > 0; left -= 1) {
    const secret = reader.bytes();
    const point = publicFields[0];
    if (publicType === "ssh-ed25519" && point?.equals(secret.subarray(32)) !== true) {
      throw new Error("its two halves don't match");
    }
  }
  reader.text();
  for (let pad = 1; !reader.atEnd; pad += 1) {
    if (reader.raw(1)[0] !== pad) {
      throw new Error("its padding is wrong");
    }
  }
}

/** Fields of the private half behind the public ones. */
const privateFields: Readonly<Record<string, number>> = { "ssh-rsa": 4 };

function fieldsOf(reader: WireReader): Buffer[] {
  const fields: Buffer[] = [];
  while (!reader.atEnd) {
    fields.push(reader.bytes());
  }
  return fields;
}
