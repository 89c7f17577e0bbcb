import type { Kernel } from "../../kernel/kernel.ts";
import { KernelError } from "../../kernel/kernel-error.ts";
import { mebibyte } from "../../units/bytes.ts";
import { type PodmanOwner, runtimePlaceOf } from "../podman/podman-of.ts";

const longestLogBytes = mebibyte;

/**
 * Podman's own log of a container's checks, which it makes when it starts a container that has one: what there is
 * without it has none. Undefined when there is no such log.
 */
export function readHealthLog(
  kernel: Kernel,
  owner: PodmanOwner,
  id: string,
): { status: string; failingStreak: number } | undefined {
  const { base, containers } = runtimePlaceOf(owner);
  let bytes: Uint8Array | undefined;
  try {
    bytes = kernel.withFolderBeneath(base, `${containers}/${id}`, (folder) =>
      kernel.readNoFollow(`${folder}/healthcheck.log`, longestLogBytes),
    );
  } catch (error) {
    // No folder, or a link in its place, which is none of Podman's.
    if (!(error instanceof KernelError)) {
      throw error;
    }
  }
  if (bytes === undefined) {
    return undefined;
  }
  const text = new TextDecoder().decode(bytes);
  // Podman writes both first. It also writes it in place, so that a part of it may be seen.
  const match = /^\{"Status":"(\w*)","FailingStreak":(\d{1,9})\b/.exec(text);
  return match === null
    ? { status: "unknown", failingStreak: 0 }
    : { status: match[1] || "unknown", failingStreak: Number(match[2]) };
}
