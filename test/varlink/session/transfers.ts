import assert from "node:assert/strict";
import { existsSync, readFileSync, statSync } from "node:fs";
import { collect, command, idOf, type Parts, registry, sendFile } from "./commands.ts";

/** Images that come and go: a registry, archives, containers. */
export const transfersParts: Parts = {
  async "push to a registry and pull from it, save and load, import and export"() {
    const name = `${registry}/made:1`;
    await command(async (client) => {
      const push = {
        name: "localhost/built:1",
        tag: name,
        compress: false,
        format: "",
        removeSignatures: false,
        signBy: "",
      };
      await idOf("reply", client.more("PushImage", push));
      const creds = { username: "", password: "" };
      const { id } = await idOf("reply", client.more("PullImage", { name, creds }));
      assert.equal((await client.call("GetImage", { id: name })).image.id, id);
      const missing = await collect(
        client.more("PullImage", { name: `${registry}/none:1`, creds }),
      );
      assert.equal(missing.at(-1)?.error, "io.podman.ErrorOccurred");
    });
    await command(async (client) => {
      const options = {
        name,
        format: "docker-archive",
        output: "",
        outputType: "",
        moreTags: [],
        quiet: true,
        compress: false,
      };
      const { id: path } = await idOf("reply", client.more("ImageSave", { options }));
      assert.equal(statSync(path).mode & 0o777, 0o600);
      const { len } = await client.call("ReceiveFile", { path, delete: true }, { upgrade: true });
      const archive = await client.bytes(len);
      // The connection goes on.
      await client.call("GetVersion");
      assert.ok(!existsSync(path));
      const { response } = await client.call("RemoveImageWithResponse", { name, force: true });
      assert.deepEqual(response.untagged, [name]);
      const inputFile = await sendFile(client, archive);
      const loaded = await idOf(
        "reply",
        client.more("LoadImage", { name: "", inputFile, quiet: true, deleteFile: true }),
      );
      assert.equal(loaded.id, name);
      assert.ok(!existsSync(inputFile));
      const foreign = await client.ask("ReceiveFile", { path: "/etc/passwd", delete: false });
      assert.equal(foreign.error, "io.podman.ErrorOccurred");
    });
    await command(async (client) => {
      const { tarfile } = await client.call("ExportContainer", { name: "web", path: "" });
      const parameters = {
        source: tarfile,
        reference: "localhost/flat:1",
        message: "",
        changes: ["CMD sh"],
        delete: true,
      };
      const { image: flat } = await client.call("ImportImage", parameters);
      assert.equal((await client.call("GetImage", { id: "localhost/flat:1" })).image.id, flat);
      assert.ok(!existsSync(tarfile));
      const destination = `oci-archive:/var/tmp/exported-${process.pid}.tar`;
      const out = { name: "localhost/flat:1", destination, compress: false, tags: [] };
      assert.deepEqual(await client.call("ExportImage", out), { image: flat });
      assert.ok(readFileSync(destination.slice("oci-archive:".length)).length > 1000);
      const search = { query: `${registry}/made`, limit: 5, filter: { star_count: 0 } };
      const { error } = await client.ask("SearchImages", search);
      assert.ok(error === undefined || error === "io.podman.ErrorOccurred");
      assert.deepEqual(
        await client.call("RemoveImage", { name: "localhost/flat:1", force: false }),
        { image: flat },
      );
    });
  },
};
