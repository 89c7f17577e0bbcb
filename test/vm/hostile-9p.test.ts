import { chmod, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { shareArguments } from "../../machine/driver/qemu/share-devices.ts";
import { NinePClient } from "./hostile-guest/nine-p.ts";
import { ninePAttacks } from "./hostile-guest/nine-p-attacks.ts";
import { persons, self } from "./hostile-guest/persons.ts";
import { makeShareFolder, type ShareFolder, secretText } from "./hostile-guest/share-folder.ts";

const enoent = 2;
const erofs = 30;

let scratch: string;
let running: NinePClient | undefined;

beforeAll(async () => {
  scratch = await mkdtemp(path.join(tmpdir(), "b2p-hostile-"));
  await chmod(scratch, 0o755);
});
afterEach(() => running?.end());
afterAll(() => rm(scratch, { recursive: true, force: true }));

/** Shares a folder as podman-machine does, with us in the place of the guest's kernel. */
async function serve(
  folder: ShareFolder,
  person: { uid: number; gid: number },
  ReadOnly = false,
): Promise<NinePClient> {
  const share = { Tag: "t", HostFolder: folder.shared, GuestFolder: "/mnt", ReadOnly };
  const as =
    person.uid === self.uid
      ? []
      : ["setpriv", `--reuid=${person.uid}`, `--regid=${person.gid}`, "--clear-groups"];
  const devices = shareArguments([{ share, transport: { kind: "9p" } }], 64);
  running = await NinePClient.start(as, devices);
  return running;
}

describe.skipIf(process.arch !== "x64").each(persons)(
  "9p, served by the QEMU of $who",
  ({ person }) => {
    const fresh = () => makeShareFolder(path.join(scratch, "home"), person);

    test("an honest kernel reads and writes, and what it makes is the person's", async () => {
      const folder = await fresh();
      const client = await serve(folder, person);
      const { fid } = await client.walk(client.root, "f");
      expect((await client.read(fid)).body.toString()).toContain("in the share\n");
      expect((await client.create(client.root, "new", "text")).error).toBe(0);
      expect((await client.mkdir(client.root, "made")).error).toBe(0);
      expect((await client.renameAt(client.root, "d", client.root, "made")).error).toBe(0);
      expect((await client.symlink(client.root, "link", "f")).error).toBe(0);
      expect((await client.unlink(client.root, "f")).error).toBe(0);
      const shared = await folder.describeShared();
      expect(shared).toContain(`${folder.shared}/new 100644 ${person.uid} text`);
      expect(shared.join("\n")).toContain(`${folder.shared}/made/id`);
      expect(shared.join("\n")).not.toContain(`${folder.shared}/f `);
    });

    test.each(ninePAttacks)(
      "%s: nothing beside the share is read or changed",
      async (_, attack) => {
        const folder = await fresh();
        const before = await folder.describeOutside();
        const client = await serve(folder, person);
        const answers = await attack(client, folder);
        // It is still there for an honest request.
        expect((await client.walk(client.root, "no such name")).error).toBe(enoent);
        expect(await folder.describeOutside()).toEqual(before);
        expect(answers.length).toBeGreaterThan(10);
        expect(answers.filter(({ body }) => body.includes(secretText))).toEqual([]);
      },
    );

    test("a share for reading stays as it is, whatever is tried", async () => {
      const folder = await fresh();
      const before = [await folder.describeOutside(), await folder.describeShared()];
      const client = await serve(folder, person, true);
      for (const [, attack] of ninePAttacks) {
        const answers = await attack(client, folder);
        expect(answers.filter(({ body }) => body.includes(secretText))).toEqual([]);
      }
      expect((await client.mkdir(client.root, "new")).error).toBe(erofs);
      const { fid } = await client.walk(client.root, "f");
      expect((await client.read(fid)).body.toString()).toContain("in the share\n");
      expect([await folder.describeOutside(), await folder.describeShared()]).toEqual(before);
    });
  },
);
