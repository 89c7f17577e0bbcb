import { describe, expect, test, vi } from "vitest";
import * as z from "zod/mini";
import { automountCommand } from "../../automount/command.ts";
import { LabKernel } from "../../automount/lab/lab-kernel.testing.ts";
import { newMachine } from "../../automount/lab/machines.testing.ts";
import { automountSaid, dryRunSaid } from "../../automount/said.ts";
import { type CommandTable, runCommand } from "../../command/run-command.ts";
import { runExtension } from "../../extensions/command.ts";
import { writeLoaded } from "../../extensions/loaded.ts";
import { FakeKernel } from "../../kernel/fake-kernel.testing.ts";
import type { Kernel } from "../../kernel/kernel.ts";
import { linuxDownloads } from "../../kernel/linux/linux-downloads.ts";
import { boot2podmanCommand } from "../../record/command.ts";
import { writeContainerHealth } from "../../record/container-health.ts";
import {
  dataDiskSaid,
  extensionsChangedSaid,
  extensionsSaid,
  healthSaid,
  stageSaid,
  statusSaid,
} from "../../record/said.ts";
import { writeRecord } from "../../record/stages/recorder.ts";
import { sshkeysCommand } from "../../sshkeys/command.ts";
import { boot as bootWithKeys, ed25519, system } from "../../sshkeys/made-machines.testing.ts";
import { keysSaid, rotatedSaid } from "../../sshkeys/said.ts";
import { findMismatch } from "../idl/find-mismatch.ts";
import { parseInterface } from "../idl/parse-interface.ts";
import type { JsonObject } from "../json/json.ts";
import { serveConnection } from "../service/serve-connection.ts";
import { encodeMessage } from "../wire/codec.ts";
import { MadeStream } from "../wire/made-stream.testing.ts";
import { descriptions, type OwnName } from "./descriptions.ts";
import { ownInterfaces } from "./own-interfaces.ts";
import { idlText, schemaText } from "./schema-text.testing.ts";

const commands: CommandTable = {
  automount: async () => automountCommand,
  boot2podman: async () =>
    boot2podmanCommand({
      extension: async () => ({
        name: "extension",
        help: "",
        run: (words, kernel, terminal) =>
          runExtension(
            words,
            { kernel, downloads: linuxDownloads, say: () => undefined },
            terminal,
          ),
      }),
    }),
  sshkeys: async () => sshkeysCommand,
};

/** A machine whose own commands are there to be run. */
function withCommands<K extends Kernel>(kernel: K): { kernel: K; ran: string[] } {
  const ran: string[] = [];
  const others = kernel.run.bind(kernel);
  kernel.run = async (argv, options) => {
    const [name = "", ...words] = argv;
    if (!Object.hasOwn(commands, name)) {
      return await others(argv, options);
    }
    ran.push(argv.join(" "));
    const [out, err]: [string[], string[]] = [[], []];
    const exitCode = await runCommand(name, words, commands, kernel, {
      out: (text) => out.push(`${text}\n`),
      err: (text) => err.push(`${text}\n`),
    });
    return { exitCode, stdout: out.join(""), stderr: err.join("") };
  };
  return { kernel, ran };
}

interface Reply {
  parameters: JsonObject;
  error?: string;
}

/** What is replied; every good reply is held against the description. */
async function ask(
  kernel: Kernel,
  method: `${OwnName}.${string}`,
  { parameters = {}, mayChange = true }: { parameters?: JsonObject; mayChange?: boolean } = {},
): Promise<Reply | undefined> {
  const [name = ""] = method.split(".");
  const load = Object.entries(ownInterfaces(kernel, mayChange)).find(([one]) => one === name)?.[1];
  const stream = new MadeStream([
    encodeMessage({ method: `io.boot2podman.${method}`, parameters }),
  ]);
  const wrong: unknown[] = [];
  const identity = { vendor: "", product: "", version: "", url: "" };
  const interfaces = load === undefined ? {} : { [`io.boot2podman.${name}`]: load };
  await serveConnection({ ...identity, interfaces }, stream, {
    onReply(idl, of, said) {
      const output = idl.methods.get(of)?.output;
      wrong.push(output && findMismatch(idl, output, said, "refused"));
    },
  });
  expect(wrong.filter((one) => one !== undefined)).toEqual([]);
  return stream.replies()[0] as Reply | undefined;
}

/** A host may be slow. */
const patience = 60_000;

const container = { owner: "root", name: "web", id: "abc", health: "healthy", failingStreak: 0 };
const record = {
  stage: "automount",
  result: "ok" as const,
  startedMs: 1.5,
  durationMs: 20,
  observed: { a: [1] },
  plan: null,
  done: ["x"],
  message: "up",
};

function booted(): FakeKernel {
  const kernel = new FakeKernel().lay({
    "/run/boot2podman/services/sshd": "1 2 0\n",
    "/proc/1": null,
  });
  writeRecord(kernel, record, "");
  writeContainerHealth(kernel, container);
  return kernel;
}

describe("the descriptions", () => {
  const replies: [`${OwnName}.${string}`, z.core.$ZodType][] = [
    ["Status.Get", z.strictObject({ status: statusSaid })],
    ["Health.List", z.strictObject({ containers: z.array(healthSaid) })],
    [
      "Disks.Get",
      z.strictObject({ boot: z.optional(stageSaid), dataDisk: z.nullable(dataDiskSaid) }),
    ],
    ["Disks.DryRun", dryRunSaid],
    ["Disks.SetUp", automountSaid],
    ["Keys.List", keysSaid],
    ["Keys.Rotate", rotatedSaid],
    ["Extensions.List", z.strictObject({ extensions: extensionsSaid })],
    ...(["Add", "Remove", "Load", "Unload", "Enable", "Disable", "Update"] as const).map(
      (verb): [`${OwnName}.${string}`, z.core.$ZodType] => [
        `Extensions.${verb}`,
        extensionsChangedSaid,
      ],
    ),
  ];

  test.each(replies)("of %s is the schema of what the command says", (name, schema) => {
    const [last = "", method = ""] = name.split(".");
    const idl = parseInterface(descriptions[last as OwnName]);
    const output = idl.methods.get(method)?.output;
    const text = output === undefined ? "nowhere" : idlText(idl, output);
    expect(text).toBe(schemaText(z.toJSONSchema(schema)));
  });

  test("have no other methods", () => {
    const described = Object.entries(descriptions).flatMap(([name, text]) =>
      [...parseInterface(text).methods.keys()].map((method) => `${name}.${method}`),
    );
    expect(described.sort()).toEqual(replies.map(([name]) => name).sort());
  });
});

describe("what the commands say over Varlink", () => {
  test("is the status, and what the boot did about disks", async () => {
    const { kernel } = withCommands(booted());
    const status = (await ask(kernel, "Status.Get", { mayChange: false }))?.parameters.status;
    expect(statusSaid.parse(status)).toMatchObject({
      stages: [record],
      health: [container],
      services: [{ name: "sshd" }],
    });
    const disks = await ask(kernel, "Disks.Get", { mayChange: false });
    expect(disks?.parameters).toEqual({ boot: record, dataDisk: null });
  });

  test("is the health of containers", async () => {
    const reply = await ask(booted(), "Health.List", { mayChange: false });
    expect(reply?.parameters).toEqual({ containers: [container] });
  });

  test("is what would be done about disks, which changes nothing, and then what was done", async () => {
    const { kernel, ran } = withCommands(new LabKernel(newMachine()));
    const dry = await ask(kernel, "Disks.DryRun");
    expect(dryRunSaid.parse(dry?.parameters)).toMatchObject({ plan: { row: "magic-format" } });
    expect(kernel.mounts().some(({ target }) => target === "/mnt/vda1")).toBe(false);
    const done = await ask(kernel, "Disks.SetUp");
    expect(automountSaid.parse(done?.parameters)).toMatchObject({ result: "ok" });
    expect(kernel.mounts().some(({ target }) => target === "/mnt/vda1")).toBe(true);
    expect(ran).toEqual(["automount --dry-run --json", "automount --json"]);
  });

  test("is who may log in; host keys are made anew where that is allowed", async () => {
    const { kernel } = withCommands(system({ authorized: `${ed25519()} me@here\n` }));
    await bootWithKeys(kernel);
    const before = keysSaid.parse((await ask(kernel, "Keys.List"))?.parameters);
    expect(before.authorized).toMatchObject([{ comment: "me@here", counts: "now" }]);
    const parameters = { types: ["ed25519", "ed25519"] };
    const rotated = rotatedSaid.parse(
      (await ask(kernel, "Keys.Rotate", { parameters }))?.parameters,
    );
    const after = keysSaid.parse((await ask(kernel, "Keys.List"))?.parameters);
    expect(rotated.made.map(({ type }) => type)).toEqual(["ed25519"]);
    expect(after.host[0]?.fingerprint).toBe(rotated.made[0]?.fingerprint);
    expect(after.host[0]?.fingerprint).not.toBe(before.host[0]?.fingerprint);
    expect(after.host.slice(1)).toEqual(before.host.slice(1));
  });

  test("is which extensions are here: none before the boot has looked for any", async () => {
    const { kernel, ran } = withCommands(booted());
    const none = await ask(kernel, "Extensions.List", { mayChange: false });
    expect(none?.parameters).toEqual({ extensions: [] });
    expect(ran).toEqual([]);
    const what = { name: "jq", version: "1.7", path: "/x.raw", needs: ["libx"], notes: [] };
    writeLoaded(kernel, [{ ...what, kind: "raw", root: "/y", hasModules: false }]);
    const some = await ask(kernel, "Extensions.List", { mayChange: false });
    const row = { ...what, sizeBytes: 0, isLoaded: true, isOnboot: false };
    expect(extensionsSaid.parse(some?.parameters.extensions)).toEqual([row]);
  });

  test("is what was done with extensions, and what wasn't", async () => {
    const said = { done: ["jq"], problems: ["x not found"] };
    const kernel = booted().onRun("boot2podman", { exitCode: 1, stdout: JSON.stringify(said) });
    const parameters = { names: ["jq", "x"] };
    expect((await ask(kernel, "Extensions.Remove", { parameters }))?.parameters).toEqual(said);
    expect(kernel.runs.map(({ argv }) => argv.join(" "))).toEqual([
      "boot2podman extension rm jq x --json",
    ]);
    const option = { parameters: { names: ["--any-system"] } };
    expect(await ask(kernel, "Extensions.Add", option)).toMatchObject({
      parameters: { parameter: "names" },
    });
    expect(kernel.runs).toHaveLength(1);
  });

  test.each([["Disks.DryRun"], ["Disks.SetUp"], ["Keys.Rotate"], ["Extensions.Add"]] as const)(
    "%s is refused where nothing may be changed, and no command is run",
    async (method) => {
      const { kernel, ran } = withCommands(booted());
      const reply = await ask(kernel, method, { mayChange: false });
      expect(reply).toEqual({ error: "org.varlink.service.PermissionDenied", parameters: {} });
      expect(ran).toEqual([]);
    },
  );

  test("is no option of anybody's", async () => {
    const { kernel, ran } = withCommands(booted());
    const reply = await ask(kernel, "Keys.Rotate", { parameters: { types: ["--dry-run"] } });
    expect(reply).toMatchObject({ parameters: { parameter: "types.0" } });
    expect(ran).toEqual([]);
  });

  test("is the command's complaint when it fails", async () => {
    const { kernel } = withCommands(new LabKernel(newMachine()));
    kernel.tryLock("/run/boot2podman/automount.lock");
    expect(await ask(kernel, "Disks.SetUp")).toEqual({
      error: "io.boot2podman.Disks.Failed",
      parameters: { reason: "automount: another automount is running" },
    });
  });
});

describe("who takes more", () => {
  test("hears of a change, of one that is none nothing, and costs nothing once gone", async () => {
    const { kernel, ran } = withCommands(booted());
    const stream = new MadeStream([]);
    const call = { method: "io.boot2podman.Status.Get", more: true };
    let isAsked = false;
    stream.read = () =>
      isAsked
        ? new Promise((resolve) => stream.gone.addEventListener("abort", () => resolve(undefined)))
        : Promise.resolve(encodeMessage(call)).finally(() => {
            isAsked = true;
          });
    const identity = { vendor: "", product: "", version: "", url: "" };
    const interfaces = { "io.boot2podman.Status": ownInterfaces(kernel, false).Status };
    const served = serveConnection({ ...identity, interfaces }, stream);
    await vi.waitFor(() => expect(stream.replies()).toHaveLength(1), patience);
    kernel.emitChange("/run/boot2podman");
    await vi.waitFor(() => expect(ran).toHaveLength(2), patience);
    writeRecord(kernel, { ...record, message: "other" }, "");
    kernel.emitChange("/run/boot2podman");
    await vi.waitFor(() => expect(stream.replies()).toHaveLength(2), patience);
    stream.close();
    await served;
    kernel.emitChange("/run/boot2podman");
    expect(ran).toHaveLength(3);
    expect(stream.replies().slice(0, 2)).toMatchObject([
      { continues: true, parameters: { status: { stages: [{ message: "up" }] } } },
      { continues: true, parameters: { status: { stages: [{ message: "other" }] } } },
    ]);
  });
});
