import { containerId } from "../events/container-event.ts";

/** A container that has a restart policy, as `podman ps` lists it. */
export interface RestartedContainer {
  id: string;
  name: string;
  /** "running", "exited", "created", … */
  state: string;
}

/** The words of the `podman` that lists the containers of these policies, the oldest first. */
export function listWords(policies: readonly ("always" | "unless-stopped")[]): string[] {
  const filters = policies.flatMap((policy) => ["--filter", `restart-policy=${policy}`]);
  const format = "{{.ID}} {{.State}} {{.Names}}";
  return [
    "podman",
    "ps",
    "--all",
    "--no-trunc",
    "--sort",
    "created",
    ...filters,
    "--format",
    format,
  ];
}

/** What it listed. */
export function parseList(text: string): RestartedContainer[] {
  return text.split("\n").flatMap((line) => {
    const [id = "", state = "", name = ""] = line.trim().split(" ");
    return containerId.test(id) ? [{ id, state, name: name || id.slice(0, 12) }] : [];
  });
}

/**
 * What is to be started: all but what runs, and what somebody stopped and is to stay so. In the order in which they
 * were made, since what needs another is made after it; where Podman knows that (`--requires`, pods, namespaces), it
 * starts the other first by itself.
 */
export function planStarts(
  found: readonly RestartedContainer[],
  staysStopped: ReadonlySet<string>,
): RestartedContainer[] {
  return found.filter(
    ({ id, state }) => state !== "running" && state !== "paused" && !staysStopped.has(id),
  );
}

/** How the starts of one owner's containers ended. */
export interface StartResult {
  started: readonly RestartedContainer[];
  failed: readonly { container: RestartedContainer; why: string }[];
}

const longestWhy = 200;

/** `podman start` prints each container that it started, and an error for each other, which names it or not. */
export function resultOf(
  planned: readonly RestartedContainer[],
  { exitCode, stdout, stderr }: { exitCode: number; stdout: string; stderr: string },
): StartResult {
  const printed = new Set(stdout.split("\n").map((line) => line.trim()));
  const errors = stderr
    .split("\n")
    .map((line) => line.trim().replaceAll(/[^\x20-\x7e]/g, "?"))
    .filter((line) => line !== "");
  const started = planned.filter(({ id }) => printed.has(id));
  const failed = planned
    .filter(({ id }) => !printed.has(id))
    .map((container) => {
      const said = errors.findLast((line) => line.includes(container.id)) ?? errors.at(-1);
      const why = (said ?? `podman start ended with ${exitCode}`)
        .replace(/^Error: /, "")
        .replace(/^unable to start container "?[0-9a-f]{64}"?: /, "");
      return { container, why: why.slice(0, longestWhy) };
    });
  return { started, failed };
}
