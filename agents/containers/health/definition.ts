/** What a container's health check says about when it runs; what it runs, and what follows, Podman knows itself. */
export interface CheckDefinition {
  id: string;
  name: string;
  isRunning: boolean;
  /** 0: never by itself (--health-interval disable). */
  intervalMs: number;
  timeoutMs: number;
  /** What is checked first, until it has passed so often (--health-startup-cmd). */
  startup: { intervalMs: number; timeoutMs: number; successes: number } | undefined;
}

/** Numbers alone, in nanoseconds, so that reading them needs no more than the pattern below. */
const format = [
  "{{.Id}} {{.State.Status}}",
  '{{with .Config.Healthcheck}}{{printf "%d %d" .Interval .Timeout}}{{else}}- -{{end}}',
  '{{with .Config.StartupHealthCheck}}{{printf "%d %d %d" .Interval .Timeout .Successes}}{{else}}- - -{{end}}',
  "{{.Name}}",
].join(" ");

/** The words of the `podman` that tells of a container's check. */
export function inspectWords(id: string): string[] {
  return ["podman", "container", "inspect", "--format", format, id];
}

const line =
  /^([0-9a-f]{64}) (\w+) (\d+) (\d+) (?:- - -|(\d+) (\d+) (\d+)) ([a-zA-Z0-9][a-zA-Z0-9_.-]*)$/;

/** What it told; undefined when the container has no check. */
export function parseDefinition(text: string): CheckDefinition | undefined {
  const match = line.exec(text.trim());
  if (match === null) {
    return undefined;
  }
  const [, id = "", state, interval, timeout, startInterval, startTimeout, successes, name = ""] =
    match;
  const ms = (nanoseconds: string | undefined) => Number(nanoseconds ?? 0) / 1e6;
  return {
    id,
    name,
    isRunning: state === "running",
    intervalMs: ms(interval),
    timeoutMs: ms(timeout),
    startup:
      startInterval === undefined
        ? undefined
        : {
            intervalMs: ms(startInterval),
            timeoutMs: ms(startTimeout),
            successes: Number(successes),
          },
  };
}
