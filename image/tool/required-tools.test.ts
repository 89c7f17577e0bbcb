import { describe, expect, it } from "vitest";
import { toolPath } from "./environment.ts";
import { missingTools, missingToolsMessage } from "./required-tools.ts";

describe("missing tools", () => {
  it("are named together with the packages to install", () => {
    expect(missingToolsMessage(["mformat", "mcopy", "xorriso"])).toMatch(
      /^mformat, mcopy, xorriso not found.*"apt-get install mtools xorriso"/,
    );
  });

  it("are none when a folder of the path has them all", () => {
    expect(missingTools(["xz"], toolPath(process.env.PATH))).toEqual([]);
    expect(missingTools(["xz"], "/nonexistent")).toEqual(["xz"]);
    expect(missingToolsMessage([])).toBeUndefined();
  });
});
