import { parsePasswd, type User } from "../../accounts/find-user.ts";
import { oneLine } from "../../command/one-line.ts";
import type { Owner } from "../../kernel/files.ts";
import type { Kernel } from "../../kernel/kernel.ts";
import { mostBytes } from "./data-url.ts";
import type { Entry, NamedOwner } from "./ignition.ts";

const ofRoot: Owner = { uid: 0, gid: 0 };

/** What came of the entries of a config. */
export interface EntriesApplied {
  done: string[];
  warnings: string[];
}

/**
 * Makes folders, files and links in their order; one that can't be made is a warning, and keeps none of the others.
 * No link is followed on the way, whoever owns the folders.
 *
 * @param isOurs whether an earlier config made what lies at that path: it may be replaced then
 */
export function applyEntries(
  kernel: Kernel,
  entries: readonly Entry[],
  isOurs: (path: string) => boolean,
): EntriesApplied {
  const done: string[] = [];
  const warnings: string[] = [];
  const users = parsePasswd(kernel.readTextIfPresent("/etc/passwd") ?? "");
  const groups = kernel.readTextIfPresent("/etc/group") ?? "";
  for (const entry of entries) {
    try {
      const owner = ownerOf(entry.owner, users, groups);
      const slash = entry.path.lastIndexOf("/");
      const folder = entry.path.slice(1, slash);
      const base = entry.path.slice(slash + 1);
      if (folder !== "") {
        const home = users.find((user) => user.uid !== 0 && entry.path.startsWith(`${user.home}/`));
        kernel.mkdirBeneath("/", folder, { mode: 0o755, owner: home ?? ofRoot });
      }
      if (entry.kind === "folder") {
        applyFolder(kernel, entry.path.slice(1), entry.mode, owner);
        done.push(`folder ${entry.path}`);
        continue;
      }
      const may = entry.overwrite || isOurs(entry.path);
      kernel.withFolderBeneath("/", folder === "" ? "." : folder, (opened) =>
        applyEntry(kernel, entry, `${opened}/${base}`, { owner, may }),
      );
      done.push(`${entry.kind} ${entry.path}`);
    } catch (error) {
      warnings.push(`${entry.kind} ${entry.path} is not made: ${oneLine(error)}`);
    }
  }
  return { done, warnings };
}

function applyFolder(kernel: Kernel, path: string, mode: number, owner: Owner | undefined): void {
  kernel.mkdirBeneath("/", path, { mode, owner: owner ?? ofRoot });
  kernel.withFolderBeneath("/", path, (opened) => {
    if (owner !== undefined) {
      kernel.chown(`${opened}/.`, owner);
    }
    kernel.chmod(`${opened}/.`, mode);
  });
}

/** `path` is a name in a folder that is open. */
function applyEntry(
  kernel: Kernel,
  entry: Exclude<Entry, { kind: "folder" }>,
  path: string,
  { owner, may }: { owner: Owner | undefined; may: boolean },
): void {
  const there = kernel.lstat(path);
  if (there?.kind === "folder") {
    throw new Error("a folder is there");
  }
  if (entry.kind === "link") {
    if (there?.kind === "link" && kernel.readlink(path) === entry.target) {
      return;
    }
    if (there !== undefined && !may) {
      throw new Error("something else is there, and overwrite is not set");
    }
    const fresh = `${path}.ignition`;
    if (kernel.lstat(fresh) !== undefined) {
      kernel.unlink(fresh);
    }
    kernel.symlink(entry.target, fresh);
    kernel.chown(fresh, owner ?? ofRoot);
    kernel.rename(fresh, path);
    return;
  }
  const isFile = there?.kind === "file";
  const before = isFile ? Buffer.from(kernel.readNoFollow(path, mostBytes) ?? []) : undefined;
  const base = entry.content ?? before ?? Buffer.alloc(0);
  const added = Buffer.concat(entry.append);
  // Of a run that a power cut ended.
  const isAdded =
    entry.content === undefined && added.length > 0 && base.subarray(-added.length).equals(added);
  const content = isAdded ? base : Buffer.concat([base, added]);
  const isSame = before?.equals(content) === true;
  const isReplaced = there !== undefined && entry.content !== undefined && !isSame;
  if (isReplaced && !may) {
    throw new Error("another one is there, and overwrite is not set");
  }
  if (there !== undefined && !isFile && !may) {
    throw new Error(`a ${there.kind} is there, and overwrite is not set`);
  }
  kernel.writeAtomic(path, content, {
    mode: entry.mode ?? (isFile ? there.mode : 0o644),
    owner: owner ?? (isFile ? there : ofRoot),
  });
}

/** Undefined when nobody is named; throws for a name that nobody has. */
function ownerOf(
  { uid, gid }: NamedOwner,
  users: readonly User[],
  groups: string,
): Owner | undefined {
  if (uid === undefined && gid === undefined) {
    return undefined;
  }
  const user = typeof uid === "string" ? users.find(({ name }) => name === uid) : undefined;
  if (typeof uid === "string" && user === undefined) {
    throw new Error(`there is no user ${JSON.stringify(uid)}`);
  }
  const group =
    typeof gid === "string"
      ? groups
          .split("\n")
          .find((line) => line.startsWith(`${gid}:`))
          ?.split(":")[2]
      : gid;
  if (typeof gid === "string" && group === undefined) {
    throw new Error(`there is no group ${JSON.stringify(gid)}`);
  }
  return { uid: user?.uid ?? Number(uid ?? 0), gid: Number(group ?? 0) };
}
