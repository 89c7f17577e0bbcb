import type { SpawnOptions } from "../kernel/processes.ts";

/** A program that is to run for as long as the machine does. */
export interface Service {
  /** Of its file in /run/boot2podman/services and in `boot2podman status`. */
  name: string;
  argv: readonly string[];
  options?: SpawnOptions;
}
