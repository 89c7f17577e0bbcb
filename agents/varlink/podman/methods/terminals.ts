import { KernelError } from "../../../kernel/kernel-error.ts";
import type { ByteStream } from "../../../kernel/streams.ts";
import { demultiplex } from "../rest/multiplexed.ts";
import { type Podman, RestError } from "../rest/podman.ts";
import { encodeFrame, frameKinds, parseSize, quitFrame, readFrames } from "../translate/frames.ts";
import { errorOccurred, inspectContainer, type Methods, pathOf } from "./methods.ts";

/** How long the end of a container may take to be known after its output has ended. */
const endingMs = 1_000;

/** A person at a container: the connection carries input and output in frames. */
export function terminalMethods(podman: Podman): Methods {
  return {
    async Attach({ parameters, wantsUpgrade, upgrade, gone }) {
      requireUpgrade(wantsUpgrade, "attach");
      const found = await inspectContainer(podman, parameters.text("name"));
      const id = found.text("Id");
      const isRunning = ["running", "paused"].includes(found.object("State").text("Status"));
      if (!isRunning && !parameters.flag("start")) {
        throw errorOccurred("you can only attach to running containers");
      }
      const path = (action: string) => pathOf("containers", id, action);
      const { stream: inside } = await podman.ask({
        method: "POST",
        path: path("attach"),
        query: {
          stream: true,
          stdin: true,
          stdout: true,
          stderr: true,
          detachKeys: parameters.text("detachKeys") || undefined,
        },
        hijack: true,
        gone,
      });
      // Before the start, so that the end of even the shortest container is seen.
      const ended = exitStatus(podman, path("wait"), gone);
      try {
        if (parameters.flag("start") && !isRunning) {
          await podman.text({ method: "POST", path: path("start") });
        }
      } catch (error) {
        inside.close();
        throw error;
      }
      const client = await upgrade({});
      await join(podman, client, inside, {
        hasTerminal: found.object("Config").flag("Tty"),
        resizePath: path("resize"),
      });
      const started = isRunning ? found : await inspectContainer(podman, id).catch(() => found);
      await finish(client, await endOf(podman, started.object("State").integer("Pid"), ended));
      return undefined;
    },
    async ExecContainer({ parameters, wantsUpgrade, upgrade, gone }) {
      requireUpgrade(wantsUpgrade, "exec");
      const opts = parameters.object("opts");
      const found = await inspectContainer(podman, opts.text("name"));
      const id = found.text("Id");
      const status = found.object("State").text("Status");
      if (status !== "running") {
        throw errorOccurred(`exec requires a running container, ${id} is ${status}`);
      }
      const hasTerminal = opts.flag("tty");
      const made = await podman.object({
        method: "POST",
        path: pathOf("containers", id, "exec"),
        json: {
          AttachStdin: true,
          AttachStdout: true,
          AttachStderr: true,
          Cmd: opts.texts("cmd"),
          Env: opts.texts("env"),
          Privileged: opts.flag("privileged"),
          Tty: hasTerminal,
          User: opts.text("user"),
          WorkingDir: opts.text("workdir"),
          ...(opts.text("detachKeys") === "" ? {} : { DetachKeys: opts.text("detachKeys") }),
        },
      });
      const path = (action: string) => pathOf("exec", made.text("Id"), action);
      const { stream: inside } = await podman.ask({
        method: "POST",
        path: path("start"),
        json: { Detach: false, Tty: hasTerminal },
        hijack: true,
        gone,
      });
      const client = await upgrade({});
      await join(podman, client, inside, { hasTerminal, resizePath: path("resize") });
      const result = await podman.object({ method: "GET", path: path("json") });
      await finish(client, result.flag("Running") ? 0 : result.integer("ExitCode"));
      return undefined;
    },
  };
}

function requireUpgrade(wantsUpgrade: boolean, what: string): void {
  if (!wantsUpgrade) {
    throw errorOccurred(`client must use upgraded connection to ${what}`);
  }
}

/** Ends once the container's side has nothing more to say, or the client is gone. */
async function join(
  podman: Podman,
  client: ByteStream,
  inside: ByteStream,
  { hasTerminal, resizePath }: { hasTerminal: boolean; resizePath: string },
): Promise<void> {
  void takeInput(podman, client, inside, resizePath);
  try {
    if (hasTerminal) {
      for await (const bytes of partsOf(inside)) {
        await client.write(encodeFrame(frameKinds.output, bytes));
      }
      return;
    }
    for await (const { isError, bytes } of demultiplex(partsOf(inside))) {
      const kind = isError ? frameKinds.errorOutput : frameKinds.output;
      await client.write(encodeFrame(kind, bytes));
    }
  } finally {
    inside.close();
  }
}

/** What a client types and how large its terminal is, until there is nothing more. Never rejects. */
async function takeInput(
  podman: Podman,
  client: ByteStream,
  inside: ByteStream,
  resizePath: string,
): Promise<void> {
  try {
    for await (const { kind, bytes } of readFrames(partsOf(client))) {
      const size = kind === frameKinds.resize ? parseSize(bytes) : undefined;
      if (kind === frameKinds.input) {
        await inside.write(bytes);
      } else if (kind === frameKinds.hangUp) {
        // Its input has ended; what the container still prints is wanted.
        break;
      } else if (size !== undefined) {
        await podman.text({ method: "POST", path: resizePath, query: size });
      }
    }
    inside.end();
  } catch (error) {
    // The container may have ended meanwhile: then there is nothing to write to, or to resize.
    if (!(error instanceof KernelError || error instanceof RestError)) {
      throw error;
    }
  }
}

async function* partsOf(stream: ByteStream): AsyncIterable<Uint8Array> {
  for (;;) {
    const bytes = await stream.read();
    if (bytes === undefined) {
      return;
    }
    yield bytes;
  }
}

/** The exit status once it is known; undefined when Podman can't say. Never rejects. */
async function exitStatus(
  podman: Podman,
  path: string,
  gone: AbortSignal,
): Promise<number | undefined> {
  try {
    const query = { condition: ["stopped", "exited", "removing"] };
    return Number(await podman.text({ method: "POST", path, query, gone }));
  } catch (error) {
    if (error instanceof KernelError || error instanceof RestError) {
      return undefined;
    }
    throw error;
  }
}

/** How it ended: a status, or 0 for a container that runs on without us (the detach keys). */
async function endOf(
  podman: Podman,
  pid: number,
  ended: Promise<number | undefined>,
): Promise<number> {
  let timer: NodeJS.Timeout | undefined;
  const pause = new Promise<"on">((resolve) => {
    timer = setTimeout(() => resolve("on"), endingMs);
  });
  const soon = await Promise.race([ended, pause]);
  clearTimeout(timer);
  if (soon !== "on") {
    return soon ?? 0;
  }
  const stat = pid > 0 ? podman.kernel.readTextIfPresent(`/proc/${pid}/stat`) : undefined;
  const isAlive = stat !== undefined && !/\) [ZX] /.test(stat);
  return isAlive ? 0 : ((await ended) ?? 0);
}

async function finish(client: ByteStream, status: number): Promise<void> {
  await client.write(quitFrame(status));
  client.end();
}
