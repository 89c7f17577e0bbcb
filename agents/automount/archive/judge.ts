import type { TarHeader } from "./tar-header.ts";

const maxPathBytes = 512;
const maxDepth = 16;
const maxNameBytes = 255;

/** A member that may be written. */
export interface JudgedMember {
  path: string;
  kind: "file" | "folder";
  mode: number;
}

/**
 * Decides whether a member of the userdata archive may be written below the home folder. Undefined for
 * what says nothing to us (the home folder itself, comments of pax). Throws an Error with the member's name
 * and the reason.
 */
export function judgeMember(header: TarHeader, content: Uint8Array): JudgedMember | undefined {
  if (header.type === "x" || header.type === "g") {
    return judgePax(content);
  }
  const shown = JSON.stringify(header.name);
  const kind = header.type === "0" ? "file" : header.type === "5" ? "folder" : undefined;
  if (kind === undefined) {
    throw new Error(`member ${shown} is ${typeText(header.type)}`);
  }
  if (kind === "folder" && header.sizeBytes > 0) {
    throw new Error(`folder ${shown} has content`);
  }
  const path = judgePath(header.name, kind);
  if (path === "") {
    return undefined;
  }
  return { path, kind, mode: modeOf(path, kind, header.mode) };
}

function judgePath(name: string, kind: "file" | "folder"): string {
  const shown = JSON.stringify(name);
  if (name.startsWith("/")) {
    throw new Error(`member ${shown} has an absolute name`);
  }
  if (Buffer.byteLength(name) > maxPathBytes) {
    throw new Error(`member ${shown} has too long a name`);
  }
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is refused
  if (/[\x00-\x1f\x7f]/.test(name)) {
    throw new Error(`member ${shown} has control characters in its name`);
  }
  if (kind === "file" && name.endsWith("/")) {
    throw new Error(`file ${shown} has the name of a folder`);
  }
  const parts = name.split("/").filter((part) => part !== "" && part !== ".");
  if (parts.includes("..")) {
    throw new Error(`member ${shown} contains ".."`);
  }
  if (parts.length > maxDepth) {
    throw new Error(`member ${shown} is nested too deeply`);
  }
  if (parts.some((part) => Buffer.byteLength(part) > maxNameBytes)) {
    throw new Error(`member ${shown} has too long a name`);
  }
  if (parts.length === 0 && kind === "file") {
    throw new Error("a file has no name");
  }
  return parts.join("/");
}

/** No setuid, setgid or sticky bits, nothing that others may write; sshd refuses loose modes below .ssh. */
function modeOf(path: string, kind: "file" | "folder", mode: number): number {
  const needed = kind === "folder" ? 0o700 : 0o600;
  const isPrivate = path === ".ssh" || path.startsWith(".ssh/");
  return isPrivate ? (kind === "folder" ? 0o700 : 0o600) : (mode & 0o755) | needed;
}

/** pax headers may only carry what changes nothing about name, size or kind. */
function judgePax(content: Uint8Array): undefined {
  const records = new TextDecoder().decode(content);
  const key = /^\d+ (path|linkpath|size|GNU\.sparse[^=]*)=/m.exec(records)?.[1];
  if (key !== undefined) {
    throw new Error(`a pax header sets "${key}", which is not supported`);
  }
}

function typeText(type: string): string {
  const names: Record<string, string> = {
    "1": "a hard link",
    "2": "a symbolic link",
    "3": "a character device",
    "4": "a block device",
    "6": "a fifo",
    L: "a GNU long name",
    K: "a GNU long link",
    S: "a sparse file",
  };
  return names[type] ?? `of unknown type ${JSON.stringify(type)}`;
}
