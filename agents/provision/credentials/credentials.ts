import { emptyProvision, type Provision, type ProvisionedUser } from "../model/provision.ts";

/** A credential as systemd defines them (systemd.io/CREDENTIALS): a name, bytes, and where it came from. */
export interface Credential {
  name: string;
  text: string;
  from: string;
}

const smbiosForm = /^io\.systemd\.credential(\.binary)?:([^=]+)=(.*)$/s;

/** The credential in a string of SMBIOS type 11; undefined for strings that are something else. */
export function credentialOf(text: string): Credential | undefined {
  const [, binary, name, value] = smbiosForm.exec(text) ?? [];
  if (name === undefined || value === undefined) {
    return undefined;
  }
  const content = binary === undefined ? value : fromBase64(value);
  return { name, text: content, from: `SMBIOS credential ${name}` };
}

/** What each credential that lets somebody in asks for; those that mean something else are passed over. */
export function provisionsOf(
  credentials: readonly Credential[],
  user: { name: string; home: string },
): Provision[] {
  return credentials.flatMap(({ name, text, from }): Provision[] => {
    const bare = emptyProvision(from);
    if (name === "ssh.authorized_keys.root") {
      return [{ ...bare, users: [{ name: "root", keys: [text] }] }];
    }
    if (name === "ssh.ephemeral-authorized_keys-all") {
      return [{ ...bare, users: [{ name: undefined, keys: [text] }] }];
    }
    return name === "tmpfiles.extra" ? [{ ...bare, ...readTmpfiles(text, user) }] : [];
  });
}

/**
 * Lines of tmpfiles.d(5) that write somebody's authorized_keys, as podman-bootc sends them:
 * "f+~ /root/.ssh/authorized_keys 700 root root - BASE64". Nothing else of them is carried out.
 */
function readTmpfiles(
  text: string,
  user: { name: string; home: string },
): Pick<Provision, "users" | "warnings"> {
  const users: ProvisionedUser[] = [];
  const warnings: string[] = [];
  for (const line of text.split("\n")) {
    const [, type, path, argument] = /^\s*(\S+)\s+(\S+)(?:\s+\S+){4}\s+(.+?)\s*$/.exec(line) ?? [];
    if (type === undefined || path === undefined || argument === undefined) {
      continue;
    }
    if (!/^[fFw]/.test(type) || !path.endsWith("/.ssh/authorized_keys")) {
      continue;
    }
    const home = path.slice(0, -"/.ssh/authorized_keys".length);
    const content = type.includes("~") ? fromBase64(argument) : unescaped(argument);
    if (home === "/root") {
      users.push({ name: "root", keys: [content] });
    } else if (home === user.home) {
      users.push({ name: undefined, keys: [content] });
    } else {
      warnings.push(`${path} belongs to no user of this machine`);
    }
  }
  return { users, warnings };
}

/** The escapes of C that people write there (tmpfiles.d(5), "Argument"); a backslash before anything else stays. */
function unescaped(text: string): string {
  return text.replaceAll(/\\(?:x([\da-fA-F]{2})|([nt\\]))/g, (_, hex?: string, sign = "") =>
    hex === undefined
      ? ({ n: "\n", t: "\t" }[String(sign)] ?? "\\")
      : String.fromCharCode(Number.parseInt(hex, 16)),
  );
}

/** What isn't base64 gives bytes that are no key, and the check of the key says so. */
function fromBase64(text: string): string {
  return Buffer.from(text, "base64").toString("utf8");
}
