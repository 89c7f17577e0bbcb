import * as z from "zod/mini";

/** A file of a layer, as it was when the layer came. */
export interface LayerFile {
  sizeBytes: number;
  /** CRC-64 of its content, in base64. */
  sum: string;
}

const entrySchema = z.object({
  type: z.number(),
  name: z.optional(z.string()),
  name_raw: z.optional(z.string()),
  size: z.optional(z.number()),
  payload: z.optional(z.nullable(z.string())),
});
const fileType = 1;
const mostFiles = 5_000_000;

/**
 * Files with content of a layer, by their path below its folder, from Podman's notes for putting the layer's archive
 * together again (vbatts/tar-split: tar/storage, one JSON object a line, gzipped). A name that comes again replaces
 * the earlier one, as in the archive. Throws for what is no such list.
 */
export async function readTarSplit(gzipped: Uint8Array): Promise<Map<string, LayerFile>> {
  const { createGunzip } = await import("node:zlib");
  const { Readable } = await import("node:stream");
  const { createInterface } = await import("node:readline");
  const gunzip = createGunzip();
  const source = Readable.from([Buffer.from(gzipped)]);
  const files = new Map<string, LayerFile>();
  source.pipe(gunzip);
  const failed = new Promise<never>((_, reject) => gunzip.on("error", reject));
  const read = async () => {
    for await (const line of createInterface({
      input: gunzip,
      crlfDelay: Number.POSITIVE_INFINITY,
    })) {
      take(files, line);
    }
  };
  await Promise.race([read(), failed]);
  return files;
}

function take(files: Map<string, LayerFile>, line: string): void {
  // Parts of the archive between files: most of the text, and nothing to look at.
  if (line === "" || line.startsWith('{"type":2,')) {
    return;
  }
  const { type, name, name_raw, size, payload } = entrySchema.parse(JSON.parse(line));
  if (type !== fileType) {
    return;
  }
  const path = cleanPath(name_raw === undefined ? (name ?? "") : fromBase64(name_raw));
  if (size === undefined || size === 0 || payload === undefined || payload === null) {
    // A link or a folder takes the place of a file of that name.
    files.delete(path);
    return;
  }
  files.set(path, { sizeBytes: size, sum: payload });
  if (files.size > mostFiles) {
    throw new Error(`more than ${mostFiles} files`);
  }
}

/** Names that aren't UTF-8 come byte by byte, and can't be opened by a string: they are left out. */
function fromBase64(text: string): string {
  return Buffer.from(text, "base64").toString("utf8");
}

function cleanPath(name: string): string {
  return name
    .split("/")
    .filter((part) => part !== "" && part !== ".")
    .join("/");
}
