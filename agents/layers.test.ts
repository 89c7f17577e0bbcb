import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";

const root = path.resolve(import.meta.dirname, "..");

/**
 * The folders of a part, from the ground up: a folder imports only from floors below its own, so that whoever
 * changes one knows who else is concerned. ARCHITECTURE.md says what is on each.
 */
const floorsOf: Readonly<Record<string, readonly (readonly string[])[]>> = {
  agents: [
    ["kernel", "units"],
    ["accounts", "command", "digest", "modules", "steps"],
    ["flavour", "services", "settings"],
    ["hypervisor"],
    ["record"],
    ["logs", "stage"],
    ["provision"],
    ["containers", "extensions", "varlink"],
    ["automount", "guest-tools", "quadlet", "sshkeys"],
    ["init-hooks", "upgrade"],
    ["program.ts"],
  ],
  // What every step of a build needs, then the steps in the order in which data flows through them.
  image: [
    ["report"],
    ["cache", "files", "tool"],
    ["recipe"],
    ["command"],
    ["resolve"],
    ["fetch"],
    ["extract"],
    ["compose"],
    ["usr"],
    ["initrds"],
    ["iso"],
    ["disk"],
    ["publish"],
    ["release"],
    ["bootc-container"],
    ["build-state.ts"],
    ["build-image.ts"],
    ["build-extension.ts"],
    ["build.ts", "download.ts", "extension.ts", "release.ts"],
  ],
  // What the host has and what is kept of machines, then what they live on, what happens to them, and who says so.
  machine: [
    ["error"],
    ["program", "template"],
    ["host-system"],
    ["store"],
    ["boot-image", "disk", "ssh"],
    ["client", "driver"],
    ["life"],
    ["bootc", "completion"],
    ["commands"],
    ["quick-start"],
    ["podman-machine.ts", "quick-start.ts"],
  ],
};

/** What lies beside the folders of code: data that the code reads, and the script that starts it. */
const dataOf: Readonly<Record<string, readonly string[]>> = {
  image: [
    ...["extensions", "lock", "tree", "core", "docker"],
    ...["recipe.toml", "core.toml", "docker.toml", "modules.toml", "nfs.toml", "vmware.toml"],
  ],
  machine: ["podman-machine"],
};

interface Import {
  from: string;
  to: string;
}

/** Files for tests alone: the tests, and what they share. */
function isForTests(file: string): boolean {
  return /\.(test|testing)\.ts$/.test(file);
}

/** All imports between files of ours below a folder, of types too, as paths from the top. */
function importsOf(part: string): Import[] {
  return readdirSync(path.join(root, part), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".ts") && !name.includes("node_modules"))
    .flatMap((name) => {
      const from = path.join(part, name);
      const text = readFileSync(path.join(root, from), "utf8");
      const named = text.matchAll(/\b(?:from|import)\s*\(?\s*"(\.[^"]+)"/g);
      return [...named].map(([, to = ""]) => ({ from, to: path.join(path.dirname(from), to) }));
    });
}

/** Folders that import one another in a circle, each circle as a list. */
function circlesOf(imports: readonly Import[]): string[][] {
  const targets = new Map<string, Set<string>>();
  for (const { from, to } of imports) {
    const [a, b] = [path.dirname(from), path.dirname(to)];
    if (a !== b) {
      targets.set(a, (targets.get(a) ?? new Set()).add(b));
    }
  }
  const reached = (start: string): Set<string> => {
    const seen = new Set<string>();
    const open = [...(targets.get(start) ?? [])];
    for (let next = open.pop(); next !== undefined; next = open.pop()) {
      if (!seen.has(next)) {
        seen.add(next);
        open.push(...(targets.get(next) ?? []));
      }
    }
    return seen;
  };
  const reach = new Map([...targets.keys()].map((folder) => [folder, reached(folder)]));
  const circles = new Set<string>();
  for (const [folder, seen] of reach) {
    if (seen.has(folder)) {
      const circle = [...seen].filter((other) => reach.get(other)?.has(folder) === true);
      circles.add([...new Set([folder, ...circle])].sort().join(" "));
    }
  }
  return [...circles].map((circle) => circle.split(" "));
}

describe.each(Object.entries(floorsOf))("of %s/", (part, floors) => {
  test("a folder imports only from floors below its own", () => {
    const floorOf = (file: string) => {
      const place = file.split("/")[1] ?? "";
      const floor = floors.findIndex((folders) => folders.includes(place));
      expect(floor, `${file} is on no floor`).toBeGreaterThanOrEqual(0);
      return { place, floor };
    };
    const upward = importsOf(part).filter(({ from, to }) => {
      if (isForTests(from) || !to.startsWith(`${part}/`)) {
        return false;
      }
      const [a, b] = [floorOf(from), floorOf(to)];
      return a.place !== b.place && a.floor <= b.floor;
    });
    expect(upward).toEqual([]);
  });

  test("every floor has its folders", () => {
    const known = [...floors.flat(), ...(dataOf[part] ?? [])].sort();
    const found = readdirSync(path.join(root, part)).filter((name) => !isForTests(name));
    expect(found.sort()).toEqual(known);
  });
});

describe.each(["agents", "image", "machine"])("in %s/", (part) => {
  const imports = importsOf(part);

  test("there are imports to look at", () => {
    expect(imports.length).toBeGreaterThan(100);
  });

  test("no folders import one another in a circle", () => {
    expect(circlesOf(imports.filter(({ from }) => !isForTests(from)))).toEqual([]);
  });

  test("what is shipped imports nothing that is for tests", () => {
    const wrong = imports.filter(({ from, to }) => !isForTests(from) && isForTests(to));
    expect(wrong).toEqual([]);
  });
});

test("a circle of folders would be found", () => {
  const imports = [
    { from: "a/x.ts", to: "b/x.ts" },
    { from: "b/y.ts", to: "c/x.ts" },
    { from: "c/x.ts", to: "a/z.ts" },
    { from: "d/x.ts", to: "a/x.ts" },
  ];
  expect(circlesOf(imports)).toEqual([["a", "b", "c"]]);
});

test("what happens to machines names no driver: each driver says for itself what differs", () => {
  const named = readdirSync(path.join(root, "machine/life"))
    .filter((name) => !isForTests(name))
    .filter((name) =>
      /qemu|virtualbox|vbox|DriverName [!=]==|"(generic|none)"/i.test(
        readFileSync(path.join(root, "machine/life", name), "utf8"),
      ),
    );
  expect(named).toEqual([]);
});
