import { access, constants, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as z from "zod";
import { systemErrorCode } from "../../../system-error.ts";
import { lastLine, runProgram } from "../../program/run.ts";
import { readIfThere } from "../../store/read-file.ts";
import { writeFileAtomic } from "../../store/write-file.ts";
import { acceleratorArguments, type KvmFacts } from "./accelerator.ts";
import type { Architecture } from "./architecture.ts";

/** A guest of five instructions takes some 50 ms. */
const probeTimeoutMs = 3000;

const remembered = z.object({
  bootId: z.string(),
  program: z.string(),
  facts: z.discriminatedUnion("kind", [
    z.object({ kind: z.literal("works") }),
    z.object({ kind: z.literal("broken"), reason: z.string() }),
  ]),
});
type Remembered = z.infer<typeof remembered>;

/**
 * Finds out whether KVM really runs a guest: the device can be there and fail, or hang for ever.
 * The answer of the trial is remembered until the host boots anew, or `tryAgain` is set.
 */
export async function lookForKvm(options: {
  store: string;
  architecture: Architecture;
  program: string;
  tryAgain: boolean;
}): Promise<KvmFacts> {
  if (process.arch !== options.architecture.hostArch) {
    return { kind: "foreign" };
  }
  try {
    await access("/dev/kvm", constants.R_OK | constants.W_OK);
  } catch (error) {
    return { kind: systemErrorCode(error) === "EACCES" ? "denied" : "absent" };
  }
  const cache = join(options.store, "cache", "kvm.json");
  const bootId = (await readFile("/proc/sys/kernel/random/boot_id", "utf8")).trim();
  const known = options.tryAgain ? undefined : await recall(cache);
  if (known?.bootId === bootId && known.program === options.program) {
    return known.facts;
  }
  const facts = await tryKvm(options.program, options.architecture);
  const memory: Remembered = { bootId, program: options.program, facts };
  await mkdir(join(options.store, "cache"), { recursive: true, mode: 0o700 });
  await writeFileAtomic(cache, `${JSON.stringify(memory)}\n`, 0o600);
  return facts;
}

/** Starts a guest that ends at once, and gives it a short time to do so. */
async function tryKvm(program: string, architecture: Architecture): Promise<Remembered["facts"]> {
  const folder = await mkdtemp(join(tmpdir(), "podman-machine-kvm-"));
  try {
    const payload = join(folder, "payload");
    await writeFile(payload, architecture.probe.bytes());
    const result = await runProgram(
      program,
      [
        ...["-nodefaults", "-no-user-config", "-display", "none"],
        ...acceleratorArguments("kvm", "host"),
        ...architecture.probe.argumentsFor(payload),
      ],
      { timeoutMs: probeTimeoutMs },
    );
    if (result.timedOut) {
      return { kind: "broken", reason: `no answer within ${probeTimeoutMs / 1000} s` };
    }
    if (result.exitCode === architecture.probe.exitCode) {
      return { kind: "works" };
    }
    return { kind: "broken", reason: firstError(result.stderr, program) };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** QEMU's first reason; the later ones are its consequences. */
function firstError(stderr: string, program: string): string {
  const first = stderr.split("\n").find((line) => line.trim() !== "") ?? lastLine(stderr);
  return (
    first
      .replace(`${program}: `, "")
      .replace(/^error: /, "")
      .trim() || "QEMU ended"
  );
}

async function recall(path: string): Promise<Remembered | undefined> {
  const text = await readIfThere(path);
  if (text === undefined) {
    return undefined;
  }
  try {
    return remembered.parse(JSON.parse(text));
  } catch (error) {
    // Not in this form: then it is tried again.
    if (error instanceof z.ZodError || error instanceof SyntaxError) {
      return undefined;
    }
    throw error;
  }
}
