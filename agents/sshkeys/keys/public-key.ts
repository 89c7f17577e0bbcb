import { sha256 } from "../../digest/sha256.ts";
import { WireReader } from "./wire-reader.ts";

/** A public key as it stands in authorized_keys or a .pub file. */
export interface PublicKey {
  type: string;
  base64: string;
  bits: number;
  /** "SHA256:…", as ssh-keygen -l prints it. */
  fingerprint: string;
}

const leastRsaBits = 1024;
const curves: Readonly<Record<string, { bits: number; pointBytes: number }>> = {
  nistp256: { bits: 256, pointBytes: 65 },
  nistp384: { bits: 384, pointBytes: 97 },
  nistp521: { bits: 521, pointBytes: 133 },
};

/** Reads what follows the type in the key's bytes, and gives the key's bits. */
type FieldReader = (reader: WireReader) => number;

const ed25519: FieldReader = (reader) => {
  if (reader.bytes().length !== 32) {
    throw new Error("an ed25519 key has 32 bytes");
  }
  return 256;
};

const rsa: FieldReader = (reader) => {
  reader.positiveBits();
  const bits = reader.positiveBits();
  if (bits < leastRsaBits) {
    throw new Error(`an RSA key of ${bits} bits is too short`);
  }
  return bits;
};

const ecdsa =
  (curve: string): FieldReader =>
  (reader) => {
    const named = reader.text();
    const known = curves[curve];
    const point = reader.bytes();
    if (named !== curve || known === undefined) {
      throw new Error(`its curve is ${named}, not ${curve}`);
    }
    if (point.length !== known.pointBytes || point[0] !== 4) {
      throw new Error("its point has a wrong form");
    }
    return known.bits;
  };

/** Keys in hardware name the application that they are for. */
const inHardware =
  (fields: FieldReader): FieldReader =>
  (reader) => {
    const bits = fields(reader);
    if (!reader.text().startsWith("ssh:")) {
      throw new Error("its application is not ssh");
    }
    return bits;
  };

/** Types that OpenSSH accepts today (sshd(8), AUTHORIZED_KEYS FILE FORMAT). */
const types: Readonly<Record<string, FieldReader>> = {
  "ssh-ed25519": ed25519,
  "ssh-rsa": rsa,
  "ecdsa-sha2-nistp256": ecdsa("nistp256"),
  "ecdsa-sha2-nistp384": ecdsa("nistp384"),
  "ecdsa-sha2-nistp521": ecdsa("nistp521"),
  "sk-ssh-ed25519@openssh.com": inHardware(ed25519),
  "sk-ecdsa-sha2-nistp256@openssh.com": inHardware(ecdsa("nistp256")),
};

/** Whether a word names a kind of public key that sshd takes. */
export function isKeyType(word: string): boolean {
  return Object.hasOwn(types, word);
}

/** Checks a key as it is written. Throws an Error that says what is wrong with it. */
export function parsePublicKey(type: string, base64: string): PublicKey {
  if (type === "ssh-dss") {
    throw new Error("DSA keys are no longer accepted");
  }
  if (!isKeyType(type)) {
    throw new Error(`key type ${JSON.stringify(type.slice(0, 40))} is unknown`);
  }
  const bytes = Buffer.from(base64, "base64");
  if (base64 === "" || bytes.toString("base64") !== base64) {
    throw new Error("it is not base64");
  }
  const key = parseKeyBlob(bytes);
  if (key.type !== type) {
    throw new Error(`it says ${type}, but holds a key of type ${key.type}`);
  }
  return key;
}

/** Checks a key in SSH's wire format. */
export function parseKeyBlob(bytes: Uint8Array): PublicKey {
  const reader = new WireReader(bytes);
  const type = reader.text();
  const fields = Object.hasOwn(types, type) ? types[type] : undefined;
  if (fields === undefined) {
    throw new Error(`it holds an unknown type of key`);
  }
  const bits = fields(reader);
  if (!reader.atEnd) {
    throw new Error("something follows the key");
  }
  const digest = sha256(bytes).toString("base64").replace(/=+$/, "");
  const base64 = Buffer.from(bytes).toString("base64");
  return { type, base64, bits, fingerprint: `SHA256:${digest}` };
}
