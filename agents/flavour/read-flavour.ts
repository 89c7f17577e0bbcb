import { findUser } from "../accounts/find-user.ts";
import { oneLine } from "../command/one-line.ts";
import type { Kernel } from "../kernel/kernel.ts";
import { boot2podman, type Flavour } from "./flavour.ts";

/** Where the image says which flavour it is. */
export const flavourPath = "/usr/share/boot2podman/flavour.json";

/**
 * The flavour of this image: that of its file, else Boot2Podman; with the account of the user as the system
 * has it. Rejects in one line when the file isn't as it should be, so that no wrong label or magic is acted on.
 */
export async function readFlavour(kernel: Kernel, userName?: string): Promise<Flavour> {
  const text = kernel.readTextIfPresent(flavourPath);
  const flavour = text === undefined ? boot2podman : await parse(text);
  const user = findUser(kernel, userName ?? flavour.user.name);
  return user === undefined ? flavour : { ...flavour, user };
}

async function parse(text: string): Promise<Flavour> {
  // Its schema takes longer to load than all else of a boot's checks, and few images have the file.
  const { parseFlavour } = await import("./flavour-file.ts");
  try {
    return parseFlavour(text);
  } catch (error) {
    const why = oneLine(error);
    throw new Error(`flavour file ${flavourPath} can't be parsed (${why}); no disk is touched`, {
      cause: error,
    });
  }
}
