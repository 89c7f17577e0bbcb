import { findUser } from "../accounts/find-user.ts";
import type { Kernel } from "../kernel/kernel.ts";
import { boot2podman, Flavour } from "./flavour.ts";

export const flavourPath = "/usr/share/boot2podman/flavour.json";

/**
 * The flavour of this image: that of its file, else Boot2Podman; with the account of the user as the system
 * has it. Throws in one line when the file isn't as it should be, so that no wrong label or magic is acted on.
 */
export function readFlavour(kernel: Kernel, userName?: string): Flavour {
  const text = kernel.readTextIfPresent(flavourPath);
  const flavour = text === undefined ? boot2podman : parse(text);
  const user = findUser(kernel, userName ?? flavour.user.name);
  return user === undefined ? flavour : { ...flavour, user };
}

function parse(text: string): Flavour {
  try {
    const result = Flavour.safeParse(JSON.parse(text));
    if (result.success) return result.data;
    const [issue] = result.error.issues;
    throw new Error(`${issue?.path.join(".")}: ${issue?.message}`);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new Error(`flavour file ${flavourPath} is not understood (${why}); no disk is touched`, {
      cause: error,
    });
  }
}
