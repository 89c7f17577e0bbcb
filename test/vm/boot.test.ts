import { describe } from "vitest";
import { containerTests } from "./boot/containers.ts";
import { lastingTests } from "./boot/lasting.ts";
import { lateSeedTests } from "./boot/late-seed.ts";
import { remoteTests } from "./boot/remote.ts";
import { systemTests } from "./boot/system.ts";

describe("a machine started from the kernel, with a new data disk and two foreign disks", () => {
  systemTests();
  lateSeedTests();
  containerTests();
  remoteTests();
  lastingTests();
});
