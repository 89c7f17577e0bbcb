import { parsePasswd, type User } from "../../accounts/find-user.ts";
import type { IgnitionGroup, IgnitionUser } from "./ignition.ts";

/** Texts of the account files (passwd(5), group(5), shadow(5), subuid(5)) and of sshd's settings. */
export interface AccountFiles {
  passwd: string;
  group: string;
  shadow: string;
  sshd: string;
}

/** What the account files become. */
export interface AccountsPlan extends AccountFiles {
  /** Accounts whose home folder must be theirs, the machine's user first. */
  homes: readonly User[];
  warnings: readonly string[];
}

/** Who is in it becomes root here without a password (etc/doas.conf). */
const rootGroup = "staff";
/** Groups that mean that elsewhere. */
const adminGroups = ["sudo", "wheel"];
const firstFreeId = 200;
const firstUserId = 1001;
/** Debian's borders between the accounts of people and those of the system. */
const firstPersonId = 1000;
const nobodyId = 65_534;

/**
 * The accounts that a config asks for; pure. The user that the machine is for has his name already; he gets the number
 * that is asked for, and a group of that number: a host shares folders with him as its own user.
 */
export function planAccounts(
  files: AccountFiles,
  wanted: {
    user: IgnitionUser | undefined;
    others: readonly IgnitionUser[];
    groups: readonly IgnitionGroup[];
  },
): AccountsPlan {
  const warnings: string[] = [];
  const homes: User[] = [];
  const passwd = rows(files.passwd);
  const group = rows(files.group);
  const shadow = rows(files.shadow);
  let { sshd } = files;
  const users = () => parsePasswd(passwd.map((row) => row.join(":")).join("\n"));

  const freeId = (table: readonly string[][], first: number): number => {
    const taken = new Set(table.map((row) => Number(row[2])));
    let id = first;
    while (taken.has(id)) {
      id += 1;
    }
    return id;
  };
  const addGroup = (name: string, gid: number | undefined): void => {
    const same = group.find((row) => row[0] === name);
    if (same !== undefined) {
      if (gid !== undefined && Number(same[2]) !== gid) {
        warnings.push(`group ${name} keeps its number ${same[2]}`);
      }
      return;
    }
    group.push([name, "x", String(gid ?? freeId(group, firstFreeId)), ""]);
  };
  const join = (user: string, name: string): void => {
    addGroup(name, undefined);
    const row = group.find((one) => one[0] === name);
    const members = (row?.[3] ?? "").split(",").filter((one) => one !== "");
    if (row !== undefined && !members.includes(user)) {
      row[3] = [...members, user].join(",");
    }
  };
  /** The group of that number, made when there is none. */
  const ownGroup = (name: string, gid: number): void => {
    if (!group.some((row) => Number(row[2]) === gid)) {
      addGroup(group.some((row) => row[0] === name) ? `${name}-${gid}` : name, gid);
    }
  };
  const shellOf = ({ shell }: IgnitionUser) =>
    shell !== undefined && /^\/[^:\s]+$/.test(shell) ? shell : undefined;

  for (const { name, gid } of wanted.groups) {
    addGroup(name, gid);
  }
  const { user } = wanted;
  // One of the system's own (sshd, nobody) stays what it is.
  const row = passwd.find(
    (one) => one[0] === user?.name && Number(one[2]) >= firstPersonId && Number(one[2]) < nobodyId,
  );
  if (user !== undefined && row !== undefined) {
    const before = row[2];
    const uid = user.uid ?? Number(before);
    const holder = users().find((one) => one.uid === uid && one.name !== user.name);
    if (holder !== undefined || uid === 0) {
      warnings.push(
        `user ${user.name} keeps the number ${before}: ${uid} is ${holder?.name ?? "root"}'s`,
      );
    } else {
      ownGroup(user.name, uid);
      row[2] = row[3] = String(uid);
      sshd = sshd.replaceAll(`/run/user/${before}`, `/run/user/${uid}`);
    }
    row[6] = shellOf(user) ?? row[6] ?? "";
    for (const name of [rootGroup, ...user.groups]) {
      join(user.name, name);
    }
    if (user.home !== undefined && user.home !== row[5]) {
      warnings.push(`the home folder of ${user.name} is ${row[5]}, not ${user.home}`);
    }
  }
  const further =
    user !== undefined && row === undefined ? [user, ...wanted.others] : wanted.others;
  for (const other of further) {
    const { name } = other;
    const uid = other.uid ?? freeId(passwd, firstUserId);
    const holder = users().find((one) => one.uid === uid || one.name === name);
    if (holder !== undefined) {
      warnings.push(`user ${name} is not made: ${holder.name} has the name or the number ${uid}`);
      continue;
    }
    ownGroup(name, uid);
    const home = /^(?:\/[\w.-]+)+$/.test(other.home ?? "") ? (other.home ?? "") : `/home/${name}`;
    passwd.push([name, "x", String(uid), String(uid), "", home, shellOf(other) ?? "/bin/bash"]);
    shadow.push([name, "*", "", "", "", "", "", "", ""]);
    for (const one of other.groups) {
      join(name, one);
      if (adminGroups.includes(one)) {
        join(name, rootGroup);
      }
    }
  }
  const names = new Set([user?.name, ...wanted.others.map(({ name }) => name)]);
  homes.push(...users().filter(({ name }) => names.has(name)));
  return { passwd: text(passwd), group: text(group), shadow: text(shadow), sshd, homes, warnings };
}

function rows(content: string): string[][] {
  return content
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => line.split(":"));
}

function text(table: readonly string[][]): string {
  return table.map((row) => `${row.join(":")}\n`).join("");
}
