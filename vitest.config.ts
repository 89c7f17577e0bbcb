import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

// bun:ffi exists only in Bun; the tests run on Node and hand a fake kernel to the agents.
const bunFfi = fileURLToPath(new URL("./agents/kernel/bun-ffi-absent.ts", import.meta.url));

export default defineConfig({
  test: {
    alias: { "bun:ffi": bunFfi },
    projects: [
      {
        extends: true,
        test: {
          name: "unit",
          include: ["{agents,image,machine,test}/**/*.test.ts"],
          exclude: ["test/vm/**"],
        },
      },
      {
        extends: true,
        test: {
          name: "vm",
          include: ["test/vm/**/*.test.ts"],
          // A boot under software emulation takes seconds to minutes, and two machines fill two cores.
          testTimeout: 600_000,
          hookTimeout: 600_000,
          maxWorkers: 2,
        },
      },
    ],
  },
});
