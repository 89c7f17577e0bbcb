import { hostKeyTypes, parseHostKey } from "../../agents/sshkeys/host-keys.ts";
import { authorizedLine, parseAuthorizedKeys } from "../../agents/sshkeys/keys/authorized-keys.ts";
import { bytesOf, key, text } from "./seeds.ts";
import { must, type Target } from "./target.ts";

const authorized: Target = {
  name: "authorized keys",
  seeds: bytesOf(`# x\n${key}\nfrom="a,b",no-pty ${key}\n`, `command="a \\" b" ${key}\n`),
  check(input) {
    const { keys } = parseAuthorizedKeys(text(input));
    for (const one of keys) {
      const line = authorizedLine(one);
      must(!/[\r\n\0]/.test(line), `a key of two lines: ${JSON.stringify(line)}`);
      const again = parseAuthorizedKeys(line).keys[0];
      must(again !== undefined && authorizedLine(again) === line, `not the same again: ${line}`);
    }
    return keys.length > 0;
  },
};

/** An ed25519 host key as OpenSSH writes it (openssh: PROTOCOL.key); of a private half that nobody uses. */
function hostKeyBytes(): Buffer {
  const number = (value: number) => Buffer.from(new Uint32Array([value]).buffer).swap32();
  const field = (content: string | Buffer) => {
    const bytes = Buffer.from(content);
    return Buffer.concat([number(bytes.length), bytes]);
  };
  const half = Buffer.alloc(32, 7);
  const publicKey = Buffer.concat([field("ssh-ed25519"), field(half)]);
  const fields = [publicKey, field(Buffer.concat([Buffer.alloc(32, 9), half])), field("")];
  const secret = Buffer.concat([number(5), number(5), ...fields]);
  const padding = Buffer.from(Array.from({ length: 8 - (secret.length % 8) }, (_, at) => at + 1));
  return Buffer.concat([
    Buffer.from("openssh-key-v1\0"),
    ...[field("none"), field("none"), field(""), number(1), field(publicKey)],
    field(Buffer.concat([secret, padding])),
  ]);
}

function armoured(bytes: Buffer): Buffer {
  const kind = "OPENSSH PRIVATE KEY";
  const base64 = bytes.toString("base64");
  return Buffer.from(`-----BEGIN ${kind}-----\n${base64}\n-----END ${kind}-----\n`);
}

const hostKey: Target = {
  name: "host key",
  seeds: [armoured(hostKeyBytes()), hostKeyBytes(), hostKeyBytes()],
  check(input) {
    for (const type of hostKeyTypes) {
      try {
        // Most are changed within their base64, or hardly one would come that far.
        const isBare = text(input.subarray(0, 7)) === "openssh";
        const bytes = isBare ? armoured(Buffer.from(input)) : input;
        must(parseHostKey(type, bytes).public.bits > 0, "a key without bits");
        return true;
      } catch (error) {
        must(error instanceof Error && error.message.length > 0, "an error without a word");
      }
    }
    return false;
  },
};

/** Readers of SSH keys. */
export const keyTargets = [authorized, hostKey] as const;
