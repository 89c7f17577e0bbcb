import { createHash } from "node:crypto";
import { writeArchive } from "../../../machine/disk/ustar.ts";

const sha256 = (bytes: Buffer | string) => createHash("sha256").update(bytes).digest("hex");

/** The name of one of the images that {@link grownImages} makes. */
export function grownImage(index: number): string {
  return `localhost/grown:${index}`;
}

/**
 * A docker-archive of many images that share nothing, each of so many layers with a file of 4 KiB: what a store that
 * has grown over the years holds, small.
 */
export function grownImages(count: number, layersEach: number): Buffer {
  const members: { name: string; mode: number; content: Buffer }[] = [];
  const add = (name: string, content: Buffer | string) =>
    members.push({ name, mode: 0o644, content: Buffer.from(content) });
  const images = Array.from({ length: count }, (_, image) => {
    const layers = Array.from({ length: layersEach }, (__, layer) => {
      const name = `${image}-${layer}`;
      const content = Buffer.alloc(4096, `${name} `);
      const tar = writeArchive([{ name, mode: 0o644, content }]);
      add(`${name}.tar`, tar);
      return { name: `${name}.tar`, diffId: `sha256:${sha256(tar)}` };
    });
    const config = JSON.stringify({
      architecture: "amd64",
      os: "linux",
      config: { Cmd: ["none"] },
      rootfs: { type: "layers", diff_ids: layers.map(({ diffId }) => diffId) },
    });
    add(`${sha256(config)}.json`, config);
    return {
      Config: `${sha256(config)}.json`,
      RepoTags: [grownImage(image)],
      Layers: layers.map(({ name }) => name),
    };
  });
  add("manifest.json", JSON.stringify(images));
  return writeArchive(members);
}
