import { join } from "node:path";
import type { Podman } from "../rest/podman.ts";
import { errorOccurred } from "./methods.ts";

/** What clients send and fetch lies on the data disk meanwhile, not in RAM. */
const folder = "/var/tmp";
const begin = "varlink-";

/** A name for a new file between a client and Podman. */
export function temporaryPath(): string {
  return join(folder, `${begin}${crypto.randomUUID()}`);
}

/** Whether a file is one of those, which nobody else wants. */
export function isTemporary(path: string): boolean {
  return path.startsWith(join(folder, begin)) && !path.slice(folder.length + 1).includes("/");
}

/** Writes what Podman sends into a new file. What is there half is taken away. Throws a KernelError. */
export async function writeParts(
  podman: Podman,
  path: string,
  parts: AsyncIterable<Uint8Array>,
): Promise<void> {
  const file = podman.streams.createFile(path);
  try {
    for await (const part of parts) {
      file.append(part);
    }
  } catch (error) {
    podman.kernel.unlink(path);
    throw error;
  } finally {
    file.close();
  }
}

/** A file as the body of a request. Throws a KernelError; a VarlinkError for one without a name. */
export function fileBody(podman: Podman, path: string) {
  if (path === "") {
    throw errorOccurred("no file was named");
  }
  return { ...podman.streams.openFile(path), type: "application/x-tar" };
}
