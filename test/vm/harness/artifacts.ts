import { type Manifest, readManifest } from "../../../image/publish/manifest.ts";
import { dist } from "./qemu.ts";

/** What the image in dist/, or in another folder, says of itself. */
export function manifest(folder = dist): Manifest {
  return readManifest(folder);
}

/** The image's command line with `more` added; `embed` takes the place of `noembed`. */
export async function defaultCommandLine(more: string, folder = dist): Promise<string> {
  const added = more.split(" ").filter((word) => word !== "");
  const words = manifest(folder).kernel.commandLine.split(" ");
  const kept = added.includes("embed") ? words.filter((word) => word !== "noembed") : words;
  return [...kept, ...added].join(" ");
}
