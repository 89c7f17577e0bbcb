/** A credential as systemd defines them (systemd.io/CREDENTIALS): a name, bytes, and where it came from. */
export interface Credential {
  name: string;
  text: string;
  from: string;
}

/** Lines of authorized_keys that somebody hands the machine, and whom they let in. */
export interface GivenText {
  /** "user": the user, and root, who gets the user's keys; "root": root alone. */
  for: "user" | "root";
  /** In words for people: "SMBIOS credential ssh.authorized_keys.root". */
  from: string;
  text: string;
}

/** Texts with keys that the hypervisor handed in. */
export interface Given {
  texts: GivenText[];
  /** What was left out, and why. */
  warnings: string[];
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

/** The keys in credentials; those that mean something else are passed over. */
export function keysOfCredentials(
  credentials: readonly Credential[],
  user: { name: string; home: string },
): Given {
  const given: Given = { texts: [], warnings: [] };
  for (const { name, text, from } of credentials) {
    if (name === "ssh.authorized_keys.root") {
      given.texts.push({ for: "root", from, text });
    }
    if (name === "ssh.ephemeral-authorized_keys-all") {
      given.texts.push({ for: "user", from, text });
    }
    if (name === "tmpfiles.extra") {
      readTmpfiles(text, from, user, given);
    }
  }
  return given;
}

/**
 * Lines of tmpfiles.d(5) that write somebody's authorized_keys, as podman-bootc sends them:
 * "f+~ /root/.ssh/authorized_keys 700 root root - BASE64". Nothing else of them is carried out.
 */
function readTmpfiles(
  text: string,
  from: string,
  user: { name: string; home: string },
  given: Given,
): void {
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
      given.texts.push({ for: "root", from, text: content });
    } else if (home === user.home) {
      given.texts.push({ for: "user", from, text: content });
    } else {
      given.warnings.push(`${from}: ${path} is of nobody here`);
    }
  }
}

function unescaped(text: string): string {
  return text.replaceAll("\\n", "\n").replaceAll("\\x20", " ");
}

/** What isn't base64 gives bytes that are no key, and the check of the key says so. */
function fromBase64(text: string): string {
  return Buffer.from(text, "base64").toString("utf8");
}
