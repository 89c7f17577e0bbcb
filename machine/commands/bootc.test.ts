import { readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { tableOf as imagesTable } from "./bootc-images.ts";
import { tableOf as listTable } from "./bootc-known.ts";
import { argumentsAs } from "./called-as.ts";
import { commandLine, runCommandLine } from "./program.ts";
import { makeTestCaller } from "./terminal.testing.ts";

let home: string;
beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), "b2p-bootc-"));
});
afterAll(() => rm(home, { recursive: true }));

async function run(...words: string[]) {
  const caller = makeTestCaller(join(home, "store"));
  const person = { home, environment: {} };
  const status = await runCommandLine(["bootc", ...words], { ...caller, person });
  return { status, printed: caller.printed, errors: caller.errors };
}

test.each([
  ["podman-bootc", ["list"], ["bootc", "list"]],
  ["podman-machine", ["ls"], ["ls"]],
  ["bun", ["bootc", "list"], ["bootc", "list"]],
])("%s with %j is podman-machine with %j", (name, args, meant) => {
  expect(argumentsAs(name, args)).toEqual(meant);
});

test("the lists have podman-bootc's columns", () => {
  const hour = 3_600_000;
  expect(
    listTable(
      [
        {
          id: "c45ec5ef2eaf",
          repo: "quay.io/os:1",
          sizeBytes: 10_737_418_240,
          createdMs: 0,
          isRunning: true,
          sshPort: 2222,
        },
      ],
      5 * hour,
    ),
  ).toEqual([
    "ID             REPO           SIZE     CREATED       RUNNING   SSH PORT",
    "c45ec5ef2eaf   quay.io/os:1   10.7GB   5 hours ago   true      2222",
  ]);
  expect(
    imagesTable(
      [
        {
          repository: "quay.io/os",
          tag: "1",
          id: "c45ec5ef2eaf".padEnd(64, "0"),
          createdMs: 0,
          sizeBytes: 1_430_000_000,
        },
      ],
      hour * 50,
    ),
  ).toEqual([
    "REPOSITORY   TAG   IMAGE ID       CREATED      SIZE",
    "quay.io/os   1     c45ec5ef2eaf   2 days ago   1.43 GB",
  ]);
});

test("without machines the lists are empty", async () => {
  expect(await run("list")).toMatchObject({ status: 0, printed: [expect.stringMatching(/^ID/)] });
  expect((await run("list", "--json")).printed).toEqual(["[]"]);
  expect(await run("rm", "--all")).toMatchObject({ status: 0, errors: [] });
});

describe("refused is", () => {
  test.each([
    [["ssh", "abc"], 1, /There is no bootc machine "abc"/],
    [["rm"], 2, /Give one ID, or --all/],
    [["rm", "--all", "abc"], 2, /Give one ID, or --all/],
    [["run", "--disk-size", "many", "os"], 2, /"many" is not a size/],
    [["run", "--ephemeral", "--filesystem", "xfs", "os"], 2, /for an installation/],
    [["run", "--user", "../x", "os"], 2, /not the name of a user/],
    [["run", "--memory", "1M", "os"], 2, /too little memory/],
    [["run", "-v", "/a:/", "os"], 2, /not a volume/],
    [["run", "-p", "x", "os"], 2, /not a port/],
    [["to-disk", "--format", "vmdk", "os", "x"], 2, /raw, qcow2/],
  ])("%j", async (words, status, reason) => {
    const result = await run(...words);
    expect(result.status).toBe(status);
    expect(result.errors.join("\n")).toMatch(reason);
  });
});

describe("docs/bootc.md", () => {
  const text = readFileSync(new URL("../../docs/bootc.md", import.meta.url), "utf8");
  const { program } = commandLine(makeTestCaller("/nonexistent"));
  const bootc = program.commands.find((command) => command.name() === "bootc");
  const commands = (bootc?.commands ?? []).filter((command) => command.name() !== "help");

  test.each(commands.map((command) => [command.name(), command] as const))(
    "has %s and its options",
    (name, command) => {
      expect(text).toMatch(new RegExp(`\`${name}[ \`]`));
      const missing = command.options
        .filter((option) => !option.hidden)
        .filter(
          (option) => !text.includes(`\`${option.long} `) && !text.includes(`${option.long}\``),
        );
      expect(missing.map((option) => option.long)).toEqual([]);
    },
  );
});
