import { UsageError } from "../../command/command.ts";

/** The path of a unix socket's address: "unix:/run/podman/io.podman;mode=0600". Throws a UsageError for others. */
export function socketOf(address: string): string {
  const [, path] = /^unix:(\/[^;]*)/.exec(address) ?? [];
  if (path === undefined) {
    throw new UsageError(`address "${address}" is not unix:/PATH`);
  }
  return path;
}

/** What of "[ADDRESS/]NAME" is the address, and what the name of an interface or a method. */
export function splitAddress(word: string): { address?: string; name: string } {
  if (!word.startsWith("unix:")) {
    return { name: word };
  }
  const slash = word.lastIndexOf("/");
  return { address: word.slice(0, slash), name: word.slice(slash + 1) };
}
