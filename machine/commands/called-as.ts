import { bootcProgram } from "./bootc.ts";

/** The arguments of a program that was called by one of its names: podman-bootc is `podman-machine bootc`. */
export function argumentsAs(name: string, args: readonly string[]): string[] {
  return name.startsWith(bootcProgram) ? ["bootc", ...args] : [...args];
}
