import type { User } from "../accounts/find-user.ts";
import type { Kernel } from "../kernel/kernel.ts";
import { hasCode, KernelError } from "../kernel/kernel-error.ts";
import { mebibyte } from "../units/bytes.ts";
import { type AuthorizedKey, authorizedLine, parseAuthorizedKeys } from "./keys/authorized-keys.ts";

const maxFileBytes = mebibyte;
const rootHome = "/root";

/** The user's keys, and where each line that is left out is wrong. */
export interface UserKeys {
  path: string;
  keys: readonly AuthorizedKey[];
  warnings: readonly string[];
  /**
   * Whether the file, which nobody else may write, starts with the mark that editors of Windows write (a BOM). sshd takes it for a part of the first
   * line and finds no key there, so that the keys have to be served from another file.
   */
  hasMark: boolean;
}

const mark = Buffer.from("\uFEFF");

/** Reads the user's authorized_keys; nothing on the way to it may be a link. Never throws for what it finds. */
export function readUserKeys(kernel: Kernel, user: Pick<User, "home" | "uid">): UserKeys {
  const path = `${user.home}/.ssh/authorized_keys`;
  const none: UserKeys = { path, keys: [], warnings: [], hasMark: false };
  try {
    return kernel.withFolderBeneath(user.home, ".ssh", (folder) => {
      const bytes = kernel.readNoFollow(`${folder}/authorized_keys`, maxFileBytes);
      if (bytes === undefined) {
        return none;
      }
      const { keys, warnings } = parseAuthorizedKeys(Buffer.from(bytes).toString("utf8"));
      const loose = looseness(kernel, [folder, `${folder}/authorized_keys`], user.uid);
      return {
        path,
        keys,
        warnings: [...warnings, ...loose],
        hasMark: loose.length === 0 && startsWithMark(bytes),
      };
    });
  } catch (error) {
    if (hasCode(error, "ENOENT")) {
      return none;
    }
    if (!(error instanceof KernelError)) {
      throw error;
    }
    return { ...none, warnings: [`${path} is not read: ${error.message}`] };
  }
}

/** Whether a file starts with the byte order mark that editors of Windows write. */
export function startsWithMark(bytes: Uint8Array): boolean {
  return mark.equals(bytes.subarray(0, mark.length));
}

/** sshd (StrictModes) passes by files that others could have written, without telling the client. */
function looseness(kernel: Kernel, paths: readonly string[], uid: number): string[] {
  return paths.flatMap((path) => {
    const found = kernel.stat(`${path}`);
    if (found === undefined) {
      return [];
    }
    const isStrict = (found.uid === uid || found.uid === 0) && (found.mode & 0o022) === 0;
    const name = path.endsWith("authorized_keys") ? "authorized_keys" : ".ssh";
    return isStrict ? [] : [`others may write ${name}: sshd refuses the user's login (chmod go-w)`];
  });
}

/** Root gets the user's keys, and only them: a key taken from the user is taken from root. */
export function writeRootKeys(kernel: Kernel, { keys, path }: UserKeys): void {
  kernel.mkdir(`${rootHome}/.ssh`, { mode: 0o700 });
  const lines = keys.map((key) => `${authorizedLine(key)}\n`);
  const content = [`# Copied at boot from ${path}; edit that file.\n`, ...lines].join("");
  kernel.writeAtomic(`${rootHome}/.ssh/authorized_keys`, content, { mode: 0o600 });
}
