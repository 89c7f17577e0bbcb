import * as z from "zod/mini";
import { oneLine } from "../../command/one-line.ts";
import type { Kernel } from "../../kernel/kernel.ts";
import { mebibyte } from "../../units/bytes.ts";

const id = z.string().check(z.regex(/^[0-9a-f]{64}$/));

const layerSchema = z.object({
  id,
  parent: z.optional(z.string()),
  "diff-digest": z.optional(z.string()),
  flags: z.optional(z.nullable(z.record(z.string(), z.unknown()))),
});
const imageSchema = z.object({
  id,
  names: z.optional(z.nullable(z.array(z.string()))),
  layer: z.optional(z.string()),
});
const containerSchema = z.object({
  id,
  names: z.optional(z.nullable(z.array(z.string()))),
  layer: z.optional(z.string()),
  /** Podman's own containers have some; those of a build have none. */
  metadata: z.optional(z.string()),
  /** "Volatile" for one that goes when it ends (podman run --rm). */
  flags: z.optional(z.nullable(z.record(z.string(), z.unknown()))),
});

/** A layer as a store lists it. */
export type Layer = z.infer<typeof layerSchema>;
/** An image as a store lists it. */
export type Image = z.infer<typeof imageSchema>;
/** A container as a store lists it. */
export type StoredContainer = z.infer<typeof containerSchema>;

/** What a store lists (containers/storage: layers.go, images.go, containers.go). */
export interface Lists {
  layers: Layer[];
  images: Image[];
  containers: StoredContainer[];
  /** Lists that can't be read, a line each. */
  unreadable: string[];
}

const longestListBytes = 64 * mebibyte;

/** Reads the lists of a store; one that isn't there is empty. Layers that Podman hasn't finished aren't listed: it removes them by itself. */
export function readLists(kernel: Kernel, folder: string): Lists {
  const unreadable: string[] = [];
  const read = <T>(part: string, name: string, schema: z.ZodMiniType<T>): T[] => {
    try {
      const bytes = kernel.withFolderBeneath(folder, part, (path) =>
        kernel.readNoFollow(`${path}/${name}`, longestListBytes),
      );
      return bytes === undefined
        ? []
        : z.array(schema).parse(JSON.parse(new TextDecoder().decode(bytes)));
    } catch (error) {
      if (kernel.lstat(`${folder}/${part}`) !== undefined) {
        const why =
          error instanceof z.core.$ZodError ? "it is not a list written by Podman" : oneLine(error);
        unreadable.push(`${folder}/${part}/${name} can't be read: ${why}`);
      }
      return [];
    }
  };
  const layers = [
    ...read("overlay-layers", "layers.json", layerSchema),
    ...read("overlay-layers", "volatile-layers.json", layerSchema),
  ];
  return {
    layers: layers.filter(({ flags }) => flags?.incomplete !== true),
    images: read("overlay-images", "images.json", imageSchema),
    containers: [
      ...read("overlay-containers", "containers.json", containerSchema),
      ...read("overlay-containers", "volatile-containers.json", containerSchema),
    ],
    unreadable,
  };
}
