import * as z from "zod/mini";
import { oneLine } from "../../command/one-line.ts";
import type { Kernel } from "../../kernel/kernel.ts";
import { hasCode } from "../../kernel/kernel-error.ts";
import { scrubbedEnvironment } from "../../kernel/processes.ts";
import { runChecked } from "../../kernel/run-checked.ts";
import type { Damage } from "../check/check-store.ts";
import type { Store } from "../stores/stores.ts";
import type { Repair } from "./plan-repair.ts";

/** A registry that is far away or doesn't answer. */
const askTimeoutMs = 120_000;
const pullTimeoutMs = 6 * 3_600_000;

/**
 * Puts an image right: only when its registry says that it still has this very image, by its digest, it is removed
 * and pulled again. Gives what was done or why nothing was, in a line. Never throws.
 */
export async function repair(kernel: Kernel, { owner }: Store, wanted: Repair): Promise<string> {
  const name = wanted.names[0] ?? wanted.id;
  const podman = podmanOf(kernel, owner);
  let isRemoved = false;
  try {
    const reference = await digestOf(wanted, (words) => podman(askTimeoutMs, ...words));
    await podman(askTimeoutMs, "manifest", "inspect", reference);
    await podman(askTimeoutMs, "rmi", wanted.id);
    isRemoved = true;
    await podman(pullTimeoutMs, "pull", "-q", reference);
    for (const again of wanted.names) {
      await podman(askTimeoutMs, "tag", reference, again);
    }
    return `image ${name} was damaged by the power cut and has been pulled again`;
  } catch (error) {
    return isRemoved
      ? `image ${name} was damaged by the power cut and removed, but not pulled again (${oneLine(error)}): podman pull ${name}`
      : `image ${name} could not be pulled again (${oneLine(error)})`;
  }
}

/** Removes what is left of something half made. Gives what was done or why nothing was, in a line. Never throws. */
export async function removeRemains(
  kernel: Kernel,
  { owner }: Store,
  { kind, id, names, mayBeKnown }: Damage,
): Promise<string> {
  const what = `${kind} ${names[0] ?? id.slice(0, 12)}`;
  const podman = podmanOf(kernel, owner);
  try {
    if (mayBeKnown === true && (await succeeds(podman, "container", "exists", id))) {
      return `${what} has lost its files to the power cut: podman rm ${names[0] ?? id}`;
    }
    // Podman's first call of a boot removes some by itself.
    const anywhere = ["container", "exists", "--external", id];
    if (kind === "container" && !(await succeeds(podman, ...anywhere))) {
      return `${what}, left incomplete by the power cut, is gone`;
    }
    await podman(askTimeoutMs, kind === "image" ? "rmi" : "rm", id);
    return `${what}, left incomplete by the power cut, was removed`;
  } catch (error) {
    return `${what}, left incomplete by the power cut, could not be removed (${oneLine(error)})`;
  }
}

async function succeeds(podman: Podman, ...words: string[]): Promise<boolean> {
  try {
    await podman(askTimeoutMs, ...words);
    return true;
  } catch (error) {
    if (hasCode(error, "EXIT")) {
      return false;
    }
    throw error;
  }
}

type Podman = (timeoutMs: number, ...words: string[]) => Promise<string>;

/** Runs Podman as the owner of a store. */
function podmanOf(kernel: Kernel, { uid, gid, home, name }: Store["owner"]): Podman {
  const env = {
    ...scrubbedEnvironment,
    HOME: home,
    USER: name,
    ...(uid === 0 ? {} : { XDG_RUNTIME_DIR: `/run/user/${uid}` }),
  };
  return (timeoutMs, ...words) =>
    runChecked(kernel, ["podman", ...words], { owner: { uid, gid }, env, timeoutMs });
}

/** "docker.io/library/busybox@sha256:…" of the image's own name. Throws when it has none. */
async function digestOf(
  { id, names }: Repair,
  podman: (words: string[]) => Promise<string>,
): Promise<string> {
  const said = await podman(["image", "inspect", "--format", "{{json .RepoDigests}}", id]);
  const digests = z.array(z.string()).parse(JSON.parse(said));
  const repository = (names[0] ?? "").replace(/:[^:/]*$/, "");
  const found = digests.find((digest) => digest.startsWith(`${repository}@sha256:`));
  if (found === undefined) {
    throw new Error("Podman has no digest of it");
  }
  return found;
}
