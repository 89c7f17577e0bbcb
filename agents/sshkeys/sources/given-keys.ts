import type { User } from "../../accounts/find-user.ts";
import { oneLine } from "../../command/one-line.ts";
import type { Kernel } from "../../kernel/kernel.ts";
import { KernelError } from "../../kernel/kernel-error.ts";
import { listed } from "../../provision/model/listed.ts";
import type { Provision } from "../../provision/model/provision.ts";
import { readProvisions } from "../../provision/read-provisions.ts";
import { mebibyte } from "../../units/bytes.ts";
import {
  type AuthorizedKey,
  authorizedLine,
  parseAuthorizedKeys,
} from "../keys/authorized-keys.ts";

/** Where sshd looks for keys besides ~/.ssh (its AuthorizedKeysFile); in RAM, made anew on each boot. */
export const givenFolder = "/etc/ssh/authorized_keys.d";

const longestFileBytes = mebibyte;

/** A key that lets somebody in without standing in a file of the user's. */
export interface GivenKey extends AuthorizedKey {
  for: "user" | "root";
  from: string;
}

/** Lines of authorized_keys that somebody hands the machine, and whom they let in. */
interface GivenText {
  /** "user": the user, and root, who gets the user's keys; "root": root alone. */
  for: "user" | "root";
  /** In words for people: "SMBIOS credential ssh.authorized_keys.root". */
  from: string;
  text: string;
}

/** Keys from outside, and what was left out. */
export interface GivenKeys {
  keys: readonly GivenKey[];
  warnings: readonly string[];
}

/** Where to look for keys beside the user's own file. */
export interface Asked {
  /** Kept on the data disk; its keys are for the user. */
  stateFolder: string;
  /** Of the setting boot2podman.key. */
  keys: readonly string[];
}

/**
 * All keys that are handed to this machine, each line checked, each key once; the first source that brings one is
 * named. Never throws for what it finds.
 */
export async function readGivenKeys(
  kernel: Kernel,
  user: User,
  { stateFolder, keys }: Asked,
): Promise<GivenKeys> {
  const warnings: string[] = [];
  const provisions = await readProvisions(kernel, user);
  const texts: GivenText[] = [
    ...readStateFiles(kernel, stateFolder, warnings),
    ...keys.map((text) => ({ for: "user", from: "the setting boot2podman.key", text }) as const),
    ...provisions.flatMap((provision) => textsOf(provision, user, warnings)),
  ];
  return { ...merge(texts, warnings), warnings };
}

/** What a user puts onto the data disk: authorized_keys, and files in authorized_keys.d. */
function readStateFiles(kernel: Kernel, folder: string, warnings: string[]): GivenText[] {
  const kept = `${folder}/authorized_keys.d`;
  const names = unlessRefused(warnings, () => kernel.listNoFollow(kept)) ?? [];
  const paths = [`${folder}/authorized_keys`, ...names.map((name) => `${kept}/${name}`)];
  return paths.flatMap((path): GivenText[] => {
    const bytes = unlessRefused(warnings, () => kernel.readNoFollow(path, longestFileBytes + 1));
    if (bytes === undefined) {
      return [];
    }
    // A part of it might end in the middle of a key's options, and let in more than was meant.
    if (bytes.length > longestFileBytes) {
      warnings.push(`${path} is longer than ${longestFileBytes} bytes; no key of it is used`);
      return [];
    }
    return [{ for: "user", from: path, text: Buffer.from(bytes).toString("utf8") }];
  });
}

/** What the call gives; undefined, with a warning, when the kernel refuses. */
function unlessRefused<T>(warnings: string[], call: () => T): T | undefined {
  try {
    return call();
  } catch (error) {
    if (!(error instanceof KernelError)) {
      throw error;
    }
    warnings.push(error.message);
    return undefined;
  }
}

/** The keys for users that are here; what else a source asks for in vain is said. */
function textsOf(
  { from, users, notHonoured, warnings: ofSource }: Provision,
  user: User,
  warnings: string[],
): GivenText[] {
  warnings.push(...ofSource.map((warning) => `${from}: ${oneLine(warning)}`));
  const texts: GivenText[] = [];
  const absent: string[] = [];
  for (const { name, keys } of users) {
    if (name === undefined || name === user.name || name === "root") {
      const whom = name === "root" ? "root" : "user";
      texts.push({ for: whom, from, text: keys.join("\n") });
    } else {
      absent.push(`${name} (${keys.length === 1 ? "1 key" : `${keys.length} keys`})`);
    }
  }
  if (absent.length > 0) {
    warnings.push(`${from}: no such user here, ignored: ${listed(absent)}`);
  }
  if (notHonoured.length > 0) {
    warnings.push(`${from}: not honoured: ${listed(notHonoured)}`);
  }
  return texts;
}

function merge(texts: readonly GivenText[], warnings: string[]): { keys: GivenKey[] } {
  const keys: GivenKey[] = [];
  for (const { for: whom, from: origin, text } of texts) {
    // A file on the data disk may have line ends in its name; behind one, sshd would read a key.
    const from = oneLine(origin);
    const parsed = parseAuthorizedKeys(text);
    warnings.push(...parsed.warnings.map((warning) => `${from}: ${warning}`));
    for (const key of parsed.keys) {
      const known = keys.find((one) => one.key.base64 === key.key.base64);
      if (known === undefined) {
        keys.push({ ...key, for: whom, from });
      } else if (known.for === "root") {
        known.for = whom;
      }
    }
  }
  return { keys };
}

/**
 * The keys that sshd takes beside those of ~/.ssh, as the boot has written them: what their sources bring later counts
 * from the next boot on. Root has those of everybody.
 */
export function readServedKeys(
  kernel: Kernel,
  user: Pick<User, "name">,
): readonly Omit<GivenKey, "from">[] {
  const read = (name: string) =>
    parseAuthorizedKeys(kernel.readTextIfPresent(`${givenFolder}/${name}`) ?? "").keys;
  const ofUser = new Set(read(user.name).map(({ key }) => key.base64));
  return read("root").map((key) => ({ ...key, for: ofUser.has(key.key.base64) ? "user" : "root" }));
}

/** Puts the keys where sshd finds them; empty files where there are none, so that keys of an earlier run go. */
export function writeGivenKeys(
  kernel: Kernel,
  user: User,
  { keys }: Pick<GivenKeys, "keys">,
): void {
  if (keys.length === 0 && !kernel.exists(givenFolder)) {
    return;
  }
  kernel.mkdir(givenFolder);
  const write = (name: string, some: readonly GivenKey[]) => {
    const lines = some.map((key) => `# ${key.from}\n${authorizedLine(key)}\n`);
    kernel.writeAtomic(`${givenFolder}/${name}`, lines.join(""), { mode: 0o644 });
  };
  write("root", keys);
  write(
    user.name,
    keys.filter(({ for: whom }) => whom === "user"),
  );
}
