import { type ChildProcess, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import path from "node:path";
import { patienceMs } from "./patience.ts";

/** Where Debian's packages have put it: beside QEMU up to bookworm, in a package of its own since. */
const places = ["/usr/lib/qemu/virtiofsd", "/usr/libexec/virtiofsd"];

/** The host's half of a virtiofs share. */
export interface SharedFolder {
  /** QEMU's arguments for the device. */
  arguments: string[];
  process: ChildProcess;
}

/** Starts virtiofsd for `folder`; its socket lies in `scratch`, whose path must be short. */
export async function shareFolder(
  folder: string,
  tag: string,
  scratch: string,
): Promise<SharedFolder> {
  const program = places.find((place) => existsSync(place));
  if (program === undefined) {
    throw new Error(`no virtiofsd at ${places.join(" or ")}`);
  }
  const socket = path.join(scratch, `${tag}.vfs`);
  const options = ["-o", "sandbox=chroot", "-o", "cache=auto"];
  const process = spawn(
    program,
    [`--socket-path=${socket}`, "-o", `source=${folder}`, ...options],
    {
      stdio: ["ignore", "ignore", "inherit"],
    },
  );
  const deadline = Date.now() + patienceMs;
  while (!existsSync(socket)) {
    if (process.exitCode !== null || Date.now() > deadline) {
      throw new Error(`virtiofsd made no socket (exit status ${process.exitCode})`);
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return {
    process,
    arguments: [
      ...["-chardev", `socket,id=${tag},path=${socket}`],
      ...["-device", `vhost-user-fs-pci,chardev=${tag},tag=${tag}`],
    ],
  };
}

/** Memory that the host's half of virtiofs can see too. */
export function sharedMemory(sizeMiB: number): string[] {
  return [
    ...["-object", `memory-backend-memfd,id=shared,size=${sizeMiB}M,share=on`],
    ...["-numa", "node,memdev=shared"],
  ];
}
