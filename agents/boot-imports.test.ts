import { readFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";

/** Every module that a file pulls in as it is loaded: our own files, and others by name. */
function loadedBy(file: string, seen: { files: Set<string>; others: Set<string> }): void {
  if (seen.files.has(file)) {
    return;
  }
  seen.files.add(file);
  const text = readFileSync(file, "utf8");
  for (const [, clause = "", name = ""] of text.matchAll(
    /^(?:import|export)\s+([^;"]*?\bfrom\s+)?"([^"]+)"/gm,
  )) {
    if (clause.startsWith("type ")) {
      continue;
    }
    if (name.startsWith(".")) {
      loadedBy(path.resolve(path.dirname(file), name), seen);
    } else {
      seen.others.add(name);
    }
  }
}

test("a boot loads no more of the runtime than it needs: each of zod, node:zlib, node:crypto and node:util takes longer to load than all of the agents", () => {
  const seen = { files: new Set<string>(), others: new Set<string>() };
  for (const entry of ["program.ts", "init-hooks/command.ts", "init-hooks/boot.ts"]) {
    loadedBy(path.join(import.meta.dirname, entry), seen);
  }
  expect(seen.files.size).toBeGreaterThan(80);
  expect([...seen.others].sort()).toEqual(["bun:ffi", "node:fs", "node:os", "node:path"]);
});
