import { type Manifest, readManifest } from "../../../image/publish/manifest.ts";
import { dist } from "./qemu.ts";

/** What the image in dist/ says of itself. */
export function manifest(): Manifest {
  return readManifest(dist);
}

/** The image's command line with `more` added; `embed` takes the place of `noembed`. */
export async function defaultCommandLine(more: string): Promise<string> {
  const added = more.split(" ").filter((word) => word !== "");
  const words = manifest().kernel.commandLine.split(" ");
  const kept = added.includes("embed") ? words.filter((word) => word !== "noembed") : words;
  return [...kept, ...added].join(" ");
}
