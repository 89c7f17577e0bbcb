import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";
import { BaseSequencer, type TestSpecification } from "vitest/node";

// bun:ffi exists only in Bun; the tests run on Node and hand a fake kernel to the agents.
const bunFfi = fileURLToPath(new URL("./agents/kernel/bun-ffi-absent.testing.ts", import.meta.url));

// A boot under software emulation takes seconds to minutes; a build of the image takes minutes.
const slow = { testTimeout: 900_000, hookTimeout: 900_000 };

/** Files of tests that take longest, so that none of them is left running alone at the end. */
const longest = [
  "reproducible",
  "build-command",
  "conformance",
  "container-cuts",
  "networks",
  "containers-at-boot",
  "boot",
  "podman-machine",
  "fallback",
  "disks",
  "hardening",
  "at-home",
  "surroundings",
  "own-settings",
  "firmware",
  "flavours",
  "hostile-network",
  "guest-tools",
  "embed",
  "console",
];

class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const place = ({ moduleId }: TestSpecification) => {
      const index = longest.findIndex((name) => moduleId.endsWith(`/${name}.test.ts`));
      return index < 0 ? longest.length : index;
    };
    return files.toSorted((a, b) => place(a) - place(b));
  }
}

export default defineConfig({
  test: {
    sequence: { sequencer: LongestFirst },
    alias: { "bun:ffi": bunFfi },
    // One second is short on a busy machine.
    expect: { poll: { timeout: 100_000 } },
    // Vitest leaves one core free, which is half of a small machine.
    maxWorkers: "100%",
    projects: [
      {
        extends: true,
        test: {
          name: "unit",
          // Files share a process, and its modules: a third less processor time.
          isolate: false,
          include: ["{agents,image,machine,test}/**/*.test.ts"],
          exclude: ["test/vm/**", "test/image/**", "test/extensions/**", "test/flavours/**"],
          // Nothing is timed: a busy machine may be ten times slower.
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
      {
        extends: true,
        // Machines of the network laboratory wait most of the time.
        test: { name: "image", include: ["test/image/**/*.test.ts"], maxConcurrency: 10, ...slow },
      },
      {
        extends: true,
        test: {
          name: "extensions",
          include: ["test/extensions/**/*.test.ts"],
          globalSetup: "test/vm/harness/joined-initrds.ts",
          maxWorkers: 1,
          ...slow,
        },
      },
      {
        extends: true,
        test: { name: "flavours", include: ["test/flavours/**/*.test.ts"], maxWorkers: 1, ...slow },
      },
      {
        extends: true,
        // Tests wait too (for deadlines, for a machine to go off): a third machine fills two cores then.
        test: {
          name: "vm",
          include: ["test/vm/**/*.test.ts"],
          globalSetup: "test/vm/harness/joined-initrds.ts",
          maxWorkers: 3,
          ...slow,
        },
      },
    ],
  },
});
