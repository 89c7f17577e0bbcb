import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { type Archive, tarOf } from "../tar.ts";
import { command, idOf, image, type Parts, sendFile } from "./commands.ts";

/** Images that are built, tagged and looked at. */
export const imagesParts: Parts = {
  async "build with a context, commit, tag, history, tree, diff of images"() {
    await command(async (client) => {
      const context: Archive = {
        Containerfile: `FROM ${image}\nARG WORD\nCOPY file /file\nRUN echo $WORD >/word\nLABEL a=b\n`,
        file: "from the context\n",
      };
      const contextDir = await sendFile(client, tarOf(context));
      const build = {
        contextDir,
        dockerfiles: ["/home/somebody/Containerfile"],
        output: "localhost/built:1",
        additionalTags: ["localhost/built:two"],
        buildArgs: { WORD: "argument" },
        label: ["c=d"],
        layers: true,
        buildOptions: {},
      };
      const { id, count } = await idOf("image", client.more("BuildImage", { build }));
      assert.match(id, /^[0-9a-f]{64}$/);
      assert.ok(count > 3);
      assert.ok(!existsSync(contextDir));
      const { image: built } = await client.call("GetImage", { id: "localhost/built:two" });
      assert.equal(built.id, id);
      assert.deepEqual([built.labels.a, built.labels.c], ["b", "d"]);
    });
    const ran = await command(async (client) => {
      const { container } = await client.call("CreateContainer", {
        create: { args: ["localhost/built:1", "cat", "/file", "/word"], rm: true },
      });
      await client.call(
        "Attach",
        { name: container, detachKeys: "", start: true },
        { upgrade: true },
      );
      return await client.toEnd();
    });
    assert.deepEqual(ran, { out: "from the context\nargument\n", err: "", status: 0 });
    await command(async (client) => {
      const { history } = await client.call("HistoryImage", { name: "localhost/built:1" });
      assert.ok(history.length > 2);
      assert.match(
        (await client.call("ImageTree", { name: "localhost/built:1", whatRequires: false })).tree,
        /built/,
      );
      const { image: inspected } = await client.call("InspectImage", { name: "localhost/built:1" });
      assert.equal(JSON.parse(inspected).Labels.a, "b");
      const gone = await client.ask("GetImage", { id: "localhost/nowhere" });
      assert.equal(gone.error, "io.podman.ImageNotFound");
      assert.deepEqual(await client.call("ImageExists", { name: image }), { exists: 0 });
      assert.deepEqual(await client.call("ImageExists", { name: "localhost/no" }), { exists: 1 });
      await client.call("TagImage", { name: image, tagged: "localhost/other:3" });
      await client.call("UntagImage", { name: image, tag: "localhost/other:3" });
      assert.deepEqual(await client.call("ImageExists", { name: "localhost/other:3" }), {
        exists: 1,
      });
      const { images } = await client.call("ListImagesWithFilters", {
        filters: ["reference=localhost/built"],
      });
      assert.equal(images.length, 1);
      const commit = {
        name: "web",
        image_name: "localhost/kept:1",
        changes: ["ENV X=y"],
        author: "a",
        message: "",
        pause: false,
        manifestType: "",
      };
      const { id } = await idOf("reply", client.more("Commit", commit));
      assert.equal((await client.call("GetImage", { id: "localhost/kept:1" })).image.id, id);
    });
  },
};
