import { Readable } from "node:stream";
import { runTool } from "../stage/tool.ts";
import { SquashfsImage } from "./squashfs-image.ts";

/**
 * How many bytes each file takes in the image, compressed: its own blocks, and of a block shared with
 * other files the part that its bytes are. Files with the same content are counted once.
 */
export async function packedSizes(imagePath: string): Promise<Map<string, number>> {
  const image = await SquashfsImage.open(imagePath, unpackZstd);
  const files = [...image.files()];
  const places = new Set<string>();
  const first = files.filter(([, { place }]) => !places.has(place) && places.add(place));
  const tailBytes = new Map<number, number>();
  for (const [, { tail }] of first) {
    if (tail) tailBytes.set(tail.fragment, (tailBytes.get(tail.fragment) ?? 0) + tail.sizeBytes);
  }
  return new Map(
    first.map(([path, { blocksBytes, tail }]) => {
      if (!tail) return [path, blocksBytes];
      const share = tail.sizeBytes / (tailBytes.get(tail.fragment) ?? tail.sizeBytes);
      return [path, blocksBytes + image.fragmentBytes(tail.fragment) * share];
    }),
  );
}

async function unpackZstd(frames: Buffer): Promise<Buffer> {
  const chunks: Buffer[] = [];
  await runTool("zstd", ["-dcq"], {
    purpose: "read the directory of the /usr image",
    input: Readable.from([frames]),
    onOutput: async (stdout) => {
      for await (const chunk of stdout) chunks.push(Buffer.from(chunk));
    },
  });
  return Buffer.concat(chunks);
}
