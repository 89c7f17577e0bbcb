// session.ts SOCKET IMAGE REGISTRY [PART…]: what Podman 1.9's client does, frame by frame, and then every other method of
// io.podman, before the Podman of the image. Prints one line, or what didn't hold.
import assert from "node:assert/strict";
import { Client } from "./client.ts";
import { containersParts } from "./session/containers.ts";
import { imagesParts } from "./session/images.ts";
import { lifecycleParts } from "./session/lifecycle.ts";
import { othersParts } from "./session/others.ts";
import { transfersParts } from "./session/transfers.ts";
import { methodNames } from "./signatures.ts";

// Each goes on with what those before it left.
const parts = {
  ...containersParts,
  ...lifecycleParts,
  ...imagesParts,
  ...transfersParts,
  ...othersParts,
};

for (const [name, part] of Object.entries(parts)) {
  console.error(name);
  await part().catch((error: unknown) => {
    throw new Error(`${name}: ${String(error)}`, { cause: error });
  });
}
assert.deepEqual(
  methodNames.filter((name) => !Client.called.has(name)),
  [],
);
console.log(`${Client.called.size} methods of io.podman have answered`);
process.exit(0);
