import { existsSync } from "node:fs";
import { readFile, rename, writeFile } from "node:fs/promises";
import { cpus, loadavg } from "node:os";
import path from "node:path";
import * as z from "zod";

const milliseconds = z.int().nonnegative();
const firstUseSchema = z.strictObject({
  initMs: milliseconds,
  startMs: milliseconds,
  /** To import an image of 2 MB and run a container of it. */
  containerMs: milliseconds,
  /** What the running machine says, with the sizes that the client gives it. */
  memoryMiB: z.strictObject({ total: z.int(), available: z.int() }),
});
const figuresSchema = z.strictObject({
  version: z.string(),
  /** Of the client and its helpers. */
  versions: z.string(),
  downloadBytes: z.int(),
  firstUse: firstUseSchema,
  host: z.strictObject({ cpus: z.int(), loadBefore: z.number() }),
});

/** What the way from nothing to the first container took. */
export type FirstUse = z.infer<typeof firstUseSchema>;
/** The same, with what it was measured on. */
export type ClientFigures = z.infer<typeof figuresSchema>;

/** Where `npm run client` leaves its figures, for `npm run bench`. */
const figuresFile = path.resolve(import.meta.dirname, "../../client.json");

/** This host as it is before a measurement. */
export function hostNow(): ClientFigures["host"] {
  return { cpus: cpus().length, loadBefore: Number((loadavg()[0] ?? 0).toFixed(1)) };
}

/** Writes the figures, whole or not at all. */
export async function writeFigures(figures: ClientFigures): Promise<void> {
  await writeFile(`${figuresFile}.part`, `${JSON.stringify(figures, null, 2)}\n`);
  await rename(`${figuresFile}.part`, figuresFile);
}

/** The figures that were left last, when they are of this version of the image. */
export async function keptFigures(version: string): Promise<ClientFigures | undefined> {
  if (!existsSync(figuresFile)) {
    return undefined;
  }
  const figures = figuresSchema.parse(JSON.parse(await readFile(figuresFile, "utf8")));
  return figures.version === version ? figures : undefined;
}
