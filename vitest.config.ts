import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

// bun:ffi exists only in Bun; the tests run on Node and hand a fake kernel to the agents.
const bunFfi = fileURLToPath(new URL("./agents/kernel/bun-ffi-absent.ts", import.meta.url));

// A boot under software emulation takes seconds to minutes; a build of the image takes minutes.
const slow = { testTimeout: 900_000, hookTimeout: 900_000 };

export default defineConfig({
  test: {
    alias: { "bun:ffi": bunFfi },
    projects: [
      {
        extends: true,
        test: {
          name: "unit",
          include: ["{agents,image,machine,test}/**/*.test.ts"],
          exclude: ["test/vm/**", "test/image/**"],
        },
      },
      { extends: true, test: { name: "image", include: ["test/image/**/*.test.ts"], ...slow } },
      {
        extends: true,
        // Two machines fill two cores.
        test: { name: "vm", include: ["test/vm/**/*.test.ts"], maxWorkers: 2, ...slow },
      },
    ],
  },
});
