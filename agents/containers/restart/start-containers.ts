import { oneLine } from "../../command/one-line.ts";
import type { Kernel } from "../../kernel/kernel.ts";
import { runChecked } from "../../kernel/run-checked.ts";
import { commandOf } from "../podman/podman-of.ts";
import type { Store } from "../stores/stores.ts";
import { listWords, parseList, planStarts, resultOf, type StartResult } from "./plan-starts.ts";
import { readStopped } from "./stopped.ts";

/** Podman waits for others who hold its locks. */
const listTimeoutMs = { quietMs: 120_000 };
const startTimeoutMs = { quietMs: 300_000 };
/** What fails may need the network, or a disk that comes late: tried again after so long, and then no more. */
const againAfterMs = [10_000, 60_000, undefined];

/** Whether Podman has ever kept a container there that is still listed, without asking it. */
export function hasContainers(kernel: Kernel, { folder }: Store): boolean {
  const list = kernel.lstat(`${folder}/overlay-containers/containers.json`);
  return list !== undefined && list.sizeBytes > "[]".length;
}

/** Starts one owner's containers whose policy says so. Throws when Podman can't list them. */
export async function startContainers(kernel: Kernel, { owner }: Store): Promise<StartResult> {
  const list = async (...policies: ("always" | "unless-stopped")[]) =>
    parseList(
      await runChecked(kernel, commandOf(owner, listWords(policies)), { timeoutMs: listTimeoutMs }),
    );
  const stopped = readStopped(kernel, owner);
  const found = await list("always", "unless-stopped");
  const isAsked = found.some(({ id }) => stopped.has(id));
  // `always` comes back also when it was stopped.
  const unlessStopped = isAsked ? await list("unless-stopped") : [];
  const stays = new Set(unlessStopped.map(({ id }) => id).filter((id) => stopped.has(id)));
  let planned = planStarts(found, stays);
  const started: StartResult["started"][number][] = [];
  for (const pauseMs of againAfterMs) {
    const result = planned.length === 0 ? undefined : await start(kernel, owner, planned);
    started.push(...(result?.started ?? []));
    if (result === undefined || result.failed.length === 0) {
      return { started, failed: [] };
    }
    if (pauseMs === undefined) {
      return { started, failed: result.failed };
    }
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
    // Podman starts none when one of them has been removed meanwhile.
    const failed = new Set(result.failed.map(({ container }) => container.id));
    planned = planStarts(await list("always", "unless-stopped"), stays).filter(({ id }) =>
      failed.has(id),
    );
  }
  return { started, failed: [] };
}

async function start(
  kernel: Kernel,
  owner: Store["owner"],
  planned: ReturnType<typeof planStarts>,
): Promise<StartResult> {
  const words = ["podman", "start", ...planned.map(({ id }) => id)];
  try {
    const timeoutMs = startTimeoutMs;
    return resultOf(planned, await kernel.run(commandOf(owner, words), { timeoutMs }));
  } catch (error) {
    const why = oneLine(error);
    return { started: [], failed: planned.map((container) => ({ container, why })) };
  }
}
