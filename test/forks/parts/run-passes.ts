import { once } from "node:events";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import type { Registry } from "../../vm/harness/registry.ts";
import { run } from "../../vm/harness/run.ts";
import { killedAfter, type Laboratory, onlyThere } from "../laboratory.ts";

const image = "localhost/busybox";
const program = path.resolve(import.meta.dirname, "../../../machine/podman-machine");

/** What `run` hands through to a container on a real guest, and what it keeps from it. */
export async function runPasses(laboratory: Laboratory, registry: Registry): Promise<void> {
  const { attempt, expectThat, store } = laboratory;
  const inBox = (flags: readonly string[], words: readonly string[], input?: string) =>
    attempt(["run", "--template", "box", ...flags, image, ...words], input);

  const plain = await inBox([], ["sh", "-c", "cat; echo to the other >&2; exit 7"], "by stdin\n");
  expectThat(
    plain.exitCode === 7 && plain.stdout === "by stdin\n" && plain.stderr === "to the other\n",
    `run passes input, both outputs and exit status on: ${JSON.stringify(plain)}`,
  );

  const words = [program, "run", "--template", "box", image, "sh", "-c"];
  const script = "'[ -t 0 ] && [ -t 1 ] && read -r line && echo \"got $line\"; exit 5'";
  const terminal = await run(
    ["script", "-qec", `${words.join(" ")} ${script}`, "/dev/null"],
    // Typed before it is asked for: the terminal keeps it.
    { env: laboratory.env, input: "typed\n", timeoutMs: 1_800_000 },
  );
  expectThat(
    terminal.exitCode === 5 && terminal.stdout.includes("got typed"),
    `on a terminal it is the container's: ${JSON.stringify(terminal)}`,
  );

  const folder = path.join(store, "a volume, shared");
  await mkdir(folder);
  await writeFile(path.join(folder, "from-host"), "of the host\n");
  const volume = await inBox(
    ["--volume", `${folder}:/data`, "--volume", `${folder}:/fixed:ro`],
    [
      ...["sh", "-c"],
      "cat /fixed/from-host; echo of the container >/data/from-container; touch /fixed/no || exit 6",
    ],
  );
  const written = await readFile(path.join(folder, "from-container"), "utf8").catch(String);
  expectThat(
    volume.exitCode === 6 && volume.stdout === "of the host\n" && written === "of the container\n",
    `--volume shares a folder, and :ro for reading alone: ${JSON.stringify({ ...volume, written })}`,
  );

  const fetchIt = ["wget", "-q", "-T", "10", "-O", "-", `http://10.0.2.2:${registry.port}/v2/`];
  const reached = await inBox(["--network", "user"], fetchIt);
  const kept = await inBox(["--network", "none"], fetchIt);
  expectThat(
    reached.exitCode === 0 && reached.stdout === "{}" && kept.exitCode !== 0 && kept.stdout === "",
    `this host is reached with --network user alone: ${JSON.stringify([reached, kept])}`,
  );

  const late = await inBox(["--timeout", "20"], ["sleep", "100000"]);
  expectThat(late.exitCode === 124, `--timeout ends it with status 124: ${JSON.stringify(late)}`);

  await signalled(laboratory);
  await killedAfter(laboratory, 20_000, "run", "--template", "box", image, "sleep", "100000");
  const left = await onlyThere(laboratory, "box");
  expectThat(left.length === 0, `none of these machines is left: ${left}`);
}

/** A signal that the command gets is the container's. */
async function signalled({ start, expectThat, store }: Laboratory): Promise<void> {
  const folder = path.join(store, "signals");
  await mkdir(folder);
  const child = start(
    ...["run", "--template", "box", "--volume", `${folder}:/data`, image, "sh", "-c"],
    "trap 'echo told >/data/told; exit 9' TERM; echo >/data/runs; while :; do sleep 1; done",
  );
  const ended = once(child, "exit");
  const runs = async () =>
    (await readFile(path.join(folder, "runs"), "utf8").catch(() => "")) !== "";
  while (child.exitCode === null && !(await runs())) {
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  child.kill("SIGTERM");
  const [status] = await ended;
  const told = await readFile(path.join(folder, "told"), "utf8").catch(String);
  expectThat(status === 9 && told === "told\n", `TERM is the container's: ${status}, ${told}`);
}
