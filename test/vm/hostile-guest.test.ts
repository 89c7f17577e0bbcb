import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, chown, mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { daemonArguments } from "../../machine/driver/qemu/share-daemons.ts";
import {
  type Attack,
  everyOperation,
  followLinks,
  moveFolders,
  nulAttacks,
  swapLinks,
} from "./hostile-guest/attacks.ts";
import { FuseClient, type Reply, root } from "./hostile-guest/fuse.ts";
import { ordinary, persons, self } from "./hostile-guest/persons.ts";
import { makeShareFolder, type ShareFolder, secretText } from "./hostile-guest/share-folder.ts";
import { unpackVirtiofsd } from "./hostile-guest/virtiofsd.ts";

const enoent = 2;
const erofs = 30;
let scratch: string;
let virtiofsd: string;
let daemon: ChildProcess | undefined;
let connected: FuseClient | undefined;

beforeAll(async () => {
  scratch = await mkdtemp(path.join(tmpdir(), "b2p-hostile-"));
  await chmod(scratch, 0o755);
  virtiofsd = await unpackVirtiofsd(path.join(scratch, "program"));
});
afterAll(async () => {
  await rm(scratch, { recursive: true, force: true });
});

/** Serves a folder as podman-machine does, for a client that plays the guest's kernel. */
async function serve(
  folder: ShareFolder,
  person: { uid: number; gid: number },
  options: { readOnly?: boolean; change?: (words: string[]) => string[]; before?: string[] } = {},
): Promise<FuseClient> {
  const sockets = path.join(scratch, "sockets");
  await rm(sockets, { recursive: true, force: true });
  await mkdir(sockets);
  await chown(sockets, person.uid, person.gid);
  const socket = path.join(sockets, "s");
  const ReadOnly = options.readOnly ?? false;
  const share = { Tag: "t", HostFolder: folder.shared, GuestFolder: "/mnt", ReadOnly };
  const words = (options.change ?? ((same) => same))(daemonArguments(share, socket, person));
  const as =
    person.uid === self.uid
      ? []
      : ["setpriv", `--reuid=${person.uid}`, `--regid=${person.gid}`, "--clear-groups"];
  const [program = "", ...args] = [...as, ...(options.before ?? []), virtiofsd, ...words];
  const started = spawn(program, args, { stdio: ["ignore", "ignore", "pipe"] });
  daemon = started;
  let said = "";
  for await (const line of createInterface({ input: started.stderr })) {
    said += `${line}\n`;
    if (line.includes("Waiting for vhost-user socket connection")) {
      // Its further words are of no interest, but somebody has to take them.
      started.stderr.resume();
      connected = await FuseClient.connect(socket);
      return connected;
    }
  }
  throw new Error(`virtiofsd did not start:\n${said}`);
}

async function end(client: FuseClient): Promise<void> {
  client.end();
  await whenEnded(daemon);
}

async function whenEnded(running: ChildProcess | undefined): Promise<void> {
  if (running !== undefined && running.exitCode === null && running.signalCode === null) {
    await once(running, "exit");
  }
}

// A test that failed half-way has not ended them.
afterEach(async () => {
  connected?.end();
  daemon?.kill("SIGKILL");
  await whenEnded(daemon);
});

const attacks: [string, Attack][] = [
  ["names that lead out", everyOperation],
  ["links that lead out", followLinks],
  ["links put in the place of what was looked up", swapLinks],
  ["folders moved from under a node", moveFolders],
];

describe.skipIf(process.arch !== "x64").each(persons)("virtiofs, served by $who", ({ person }) => {
  const fresh = () => makeShareFolder(path.join(scratch, "home"), person);

  test("an honest kernel reads and writes, and what it makes is the person's", async () => {
    const folder = await fresh();
    const client = await serve(folder, person);
    const { node } = await client.lookup(root, "f");
    expect((await client.read(node)).body.toString()).toBe("in the share\n");
    expect((await client.write(root, "new", "text")).error).toBe(0);
    await end(client);
    expect(await folder.describeShared()).toContain(
      `${folder.shared}/new 100644 ${person.uid} text`,
    );
  });

  test.each(attacks)("%s: nothing beside the share is read or changed", async (_, attack) => {
    const folder = await fresh();
    const before = await folder.describeOutside();
    const client = await serve(folder, person);
    const replies = await attack(client, folder);
    // It is still there for an honest request.
    expect((await client.lookup(root, "no such name")).error).toBe(enoent);
    await end(client);
    expect(await folder.describeOutside()).toEqual(before);
    expect(replies.length).toBeGreaterThan(10);
    expect(replies.filter(({ body }) => body.includes(secretText))).toEqual([]);
  });

  test.each(nulAttacks)(
    "NUL in a name that is %s: nothing beside the share is",
    async (_, attack) => {
      const folder = await fresh();
      const before = await folder.describeOutside();
      const client = await serve(folder, person);
      await attack(client, folder);
      await end(client);
      expect(await folder.describeOutside()).toEqual(before);
    },
  );

  test("a share for reading stays as it is, whatever is tried", async () => {
    const folder = await fresh();
    const before = [await folder.describeOutside(), await folder.describeShared()];
    const client = await serve(folder, person, { readOnly: true });
    const replies: Reply[] = [];
    for (const [, attack] of attacks) {
      replies.push(...(await attack(client, folder)));
    }
    expect((await client.write(root, "new", "text")).error).toBe(erofs);
    expect((await client.mkdir(root, "new")).error).toBe(erofs);
    expect((await client.unlink(root, "f")).error).toBe(erofs);
    const { node } = await client.lookup(root, "f");
    expect((await client.read(node)).body.toString()).toBe("in the share\n");
    await end(client);
    expect([await folder.describeOutside(), await folder.describeShared()]).toEqual(before);
    expect(replies.filter(({ body }) => body.includes(secretText))).toEqual([]);
  });
});

describe.skipIf(process.arch !== "x64")("virtiofs without its sandbox", () => {
  const person = ordinary;

  test("is left by the same requests: they are what the sandbox stops", async () => {
    const folder = await makeShareFolder(path.join(scratch, "home"), person);
    const client = await serve(folder, person, {
      change: (words) => words.map((word) => (word === "namespace" ? "none" : word)),
    });
    expect((await client.rename(root, "../secret/id", "taken")).error).toBe(0);
    const { node } = await client.lookup(root, "taken");
    expect((await client.read(node)).body.toString()).toBe(secretText);
    await end(client);
  });

  test("isn't served at all where user namespaces are forbidden", async () => {
    const folder = await makeShareFolder(path.join(scratch, "home"), person);
    // A user namespace in which no further one can be made stands for a host that allows none.
    const before = [
      ...["unshare", "--user", "--map-current-user", "--keep-caps", "sh", "-c"],
      'echo 0 >/proc/sys/user/max_user_namespaces; exec setpriv --ambient-caps=-all --inh-caps=-all "$@"',
      "sh",
    ];
    await expect(serve(folder, person, { before })).rejects.toThrow(/Error entering sandbox/);
  });
});
