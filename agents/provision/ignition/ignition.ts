import type { Owner } from "../../kernel/files.ts";

/** Somebody of the config. */
export interface IgnitionUser {
  name: string;
  keys: readonly string[];
  uid: number | undefined;
  groups: readonly string[];
  home: string | undefined;
  shell: string | undefined;
  /** False: the account shall be gone. */
  shouldExist: boolean;
}

/** A group of the config. */
export interface IgnitionGroup {
  name: string;
  gid: number | undefined;
}

/** By number, or by the name that is looked up when all accounts are there. */
export type NamedOwner = { [Part in keyof Owner]: number | string | undefined };

/** A folder, file or link that the config asks for. */
export type Entry = { path: string; overwrite: boolean; owner: NamedOwner } & (
  | { kind: "folder"; mode: number }
  | {
      kind: "file";
      /** Undefined: that of a file that is there, else 0644. */
      mode: number | undefined;
      /** Undefined: the file keeps what it has, or is empty. */
      content: Buffer | undefined;
      append: readonly Buffer[];
    }
  | { kind: "link"; target: string }
);

/** A unit of systemd's that the config brings, switches or changes. */
export interface IgnitionUnit {
  name: string;
  enabled: boolean | undefined;
  mask: boolean;
  contents: string;
  dropIns: readonly string[];
}

/** An Ignition config of spec 3.x, read and not yet compared with the machine. */
export interface Ignition {
  users: readonly IgnitionUser[];
  groups: readonly IgnitionGroup[];
  /** Folders, then files, then links: the order in which Ignition makes them. */
  entries: readonly Entry[];
  units: readonly IgnitionUnit[];
  /** Parts of the spec, and of no spec, that mean nothing here: "storage.disks". */
  notHonoured: readonly string[];
  warnings: readonly string[];
}
