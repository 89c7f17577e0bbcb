import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { noMachineFacts } from "./facts/machine-facts.ts";
import { hypervisors, hypervisorTable, namedHypervisors } from "./hypervisors.ts";
import { qemuAgentPort } from "./plan/qemu-agent.ts";
import { realMachines } from "./real-machines.testing.ts";

const page = readFileSync(new URL("../../docs/hypervisors.md", import.meta.url), "utf8");
const names = namedHypervisors.map(([name]) => name);

/** Pairs of different hypervisors, with what each says of one thing. */
function pairsOf<T>(said: (name: keyof typeof hypervisors) => readonly T[]): [T, T][] {
  return names.flatMap((a) =>
    names
      .filter((b) => a !== b)
      .flatMap((b) => said(a).flatMap((x) => said(b).map((y): [T, T] => [x, y]))),
  );
}

test("docs/hypervisors.md holds the table as the code has it", () => {
  const between = page.split("<!-- hypervisors -->\n")[1]?.split("\n<!-- end -->")[0];
  expect(between).toBe(hypervisorTable());
});

test("each file in known/ is in the record under its name, and nothing else is", () => {
  const files = readdirSync(new URL("known", import.meta.url)).map((file) => `${file}`);
  expect(files.sort()).toEqual(names.map((name) => `${name}.ts`).sort());
});

test("each hypervisor is told on at least one real machine", () => {
  const told = new Set(realMachines.map((machine) => machine.is));
  expect(names.filter((name) => !told.has(name))).toEqual([]);
});

describe("what tells one hypervisor tells no other, so that the record's order decides nothing", () => {
  test("starts of DMI strings", () => {
    const pairs = pairsOf((name) => hypervisors[name].dmi?.starts ?? []);
    expect(pairs.length).toBeGreaterThan(100);
    expect(pairs.filter(([one, other]) => one.startsWith(other))).toEqual([]);
  });

  test("CPUID signatures", () => {
    const pairs = pairsOf((name) => hypervisors[name].cpuid?.signatures ?? []);
    expect(pairs.length).toBeGreaterThan(50);
    expect(pairs.filter(([one, other]) => one === other)).toEqual([]);
  });
});

/** A list that has whatever it is asked for, and keeps what that was. */
class Everything extends Array<string> {
  readonly asked = new Set<string>();
  override includes(path: string): boolean {
    this.asked.add(path);
    return true;
  }
}

const known = (what: "programs" | "devices") =>
  names.flatMap((name) => hypervisors[name][what] ?? []);

describe.each(namedHypervisors)("%s", (_, { plan, row }) => {
  const ports = [{ name: qemuAgentPort, path: "/dev/vport1p1" }];

  test("plans with nothing that isn't looked for, and with all that is found nothing is missing", () => {
    const [programs, devices] = [new Everything(), new Everything()];
    const planned = plan({ machine: noMachineFacts, ports, programs, devices }, "safe");
    expect([...programs.asked].filter((path) => !known("programs").includes(path))).toEqual([]);
    expect([...devices.asked].filter((path) => !known("devices").includes(path))).toEqual([]);
    expect(planned.missing ?? []).toEqual([]);
    const started = planned.services?.map(({ argv }) => argv[0] ?? "") ?? [];
    expect(started.filter((path) => !programs.asked.has(path))).toEqual([]);
  });

  test("has the kinds of shares that are planned in its row of the table", () => {
    const programs = known("programs");
    const planned = plan({ machine: noMachineFacts, ports, programs, devices: [] }, "safe");
    expect(planned.shares?.filter((kind) => !row.shares.includes(kind)) ?? []).toEqual([]);
  });

  test("starts no program that isn't there", () => {
    expect(
      plan({ machine: noMachineFacts, ports, programs: [], devices: known("devices") }, "safe")
        .services ?? [],
    ).toEqual([]);
  });

  test("has a row without an empty cell or one that would break the table", () => {
    expect(Object.values(row).filter((cell) => !/^[^|\n]+$/.test(cell))).toEqual([]);
  });
});
