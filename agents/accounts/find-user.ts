import type { Kernel } from "../kernel/kernel.ts";

/** A user account, as /etc/passwd has it. */
export interface User {
  name: string;
  uid: number;
  gid: number;
  home: string;
}

const passwdPath = "/etc/passwd";

/** The account of that name in /etc/passwd; undefined when there is none. */
export function findUser(kernel: Kernel, name: string): User | undefined {
  return parsePasswd(kernel.readTextIfPresent(passwdPath) ?? "").find((user) => user.name === name);
}

/** Accounts of a passwd file (passwd(5)); lines that aren't accounts are left out. */
export function parsePasswd(text: string): User[] {
  return text.split("\n").flatMap((line) => {
    const match = /^([^:]+):[^:]*:(\d+):(\d+):[^:]*:(\/[^:]*):[^:]*$/.exec(line);
    if (match === null) {
      return [];
    }
    const [, name = "", uid, gid, home = ""] = match;
    return [{ name, uid: Number(uid), gid: Number(gid), home }];
  });
}
