import { access, constants, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as z from "zod";
import { systemErrorCode } from "../../../system-error.ts";
import { hasHypervisor } from "../../host-system/darwin.ts";
import { hostSystem } from "../../host-system/host-system.ts";
import { lastLine, runProgram } from "../../program/run.ts";
import { readIfThere } from "../../store/read-file.ts";
import { writeFileAtomic } from "../../store/write-file.ts";
import { acceleratorArguments, type KvmFacts } from "./accelerator.ts";
import type { Architecture } from "./architecture.ts";

/** A guest of five instructions takes some 50 ms. */
const probeTimeoutMs = 3000;
/** The kernel without a root takes about a second until it gives up, more on a host that is a guest itself. */
const kernelTimeoutMs = 10_000;

const remembered = z.object({
  bootId: z.string(),
  program: z.string(),
  /** What was run for it: the few instructions alone, or a kernel too. */
  guest: z.enum(["instructions", "kernel"]),
  facts: z.discriminatedUnion("kind", [
    z.object({ kind: z.literal("works") }),
    z.object({ kind: z.literal("broken"), reason: z.string() }),
  ]),
});
type Remembered = z.infer<typeof remembered>;

/**
 * Finds out whether KVM really runs a guest: the device can be there and fail, or hang for ever. Some run a few
 * instructions and hang with a kernel (where the host is a guest itself, without hardware for that): so the machine's
 * own kernel is tried too, where it is at hand. The answer is remembered until the host boots anew, or `tryAgain` is
 * set.
 */
export async function lookForKvm(options: {
  store: string;
  architecture: Architecture;
  program: string;
  /** Path of the kernel that is to run; undefined for a machine that boots an ISO of its own. */
  kernel: string | undefined;
  tryAgain: boolean;
}): Promise<KvmFacts> {
  if (process.arch !== options.architecture.hostArch) {
    return { kind: "foreign" };
  }
  if (hostSystem.hardware === "hvf") {
    return (await hasHypervisor()) ? { kind: "works" } : { kind: "absent" };
  }
  try {
    await access("/dev/kvm", constants.R_OK | constants.W_OK);
  } catch (error) {
    return { kind: systemErrorCode(error) === "EACCES" ? "denied" : "absent" };
  }
  const cache = join(options.store, "cache", "kvm.json");
  const bootId = (await readFile("/proc/sys/kernel/random/boot_id", "utf8")).trim();
  const known = options.tryAgain ? undefined : await recall(cache);
  const guest = options.kernel === undefined ? "instructions" : "kernel";
  const isEnough = known?.guest === "kernel" || known?.guest === guest;
  if (known?.bootId === bootId && known.program === options.program && isEnough) {
    return known.facts;
  }
  const facts = await tryKvm(options.program, options.architecture, options.kernel);
  const memory: Remembered = { bootId, program: options.program, guest, facts };
  await mkdir(join(options.store, "cache"), { recursive: true, mode: 0o700 });
  await writeFileAtomic(cache, `${JSON.stringify(memory)}\n`, 0o600);
  return facts;
}

/** Starts guests that end by themselves, and gives each a short time to do so. */
async function tryKvm(
  program: string,
  architecture: Architecture,
  kernel: string | undefined,
): Promise<Remembered["facts"]> {
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
    if (result.exitCode !== architecture.probe.exitCode) {
      return { kind: "broken", reason: firstError(result.stderr, program) };
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  return kernel === undefined ? { kind: "works" } : tryKernel(program, architecture, kernel);
}

/** A kernel that finds no root panics, and restarts at once, which ends QEMU. */
async function tryKernel(
  program: string,
  architecture: Architecture,
  kernel: string,
): Promise<Remembered["facts"]> {
  const result = await runProgram(
    program,
    [
      ...["-nodefaults", "-no-user-config", "-display", "none", "-no-reboot"],
      ...["-machine", architecture.machine, "-m", "256"],
      ...acceleratorArguments("kvm", "host"),
      ...["-kernel", kernel, "-append", "panic=-1 quiet"],
    ],
    { timeoutMs: kernelTimeoutMs },
  );
  if (result.timedOut) {
    const reason = `a kernel did not boot within ${kernelTimeoutMs / 1000} s`;
    return { kind: "broken", reason };
  }
  return result.exitCode === 0
    ? { kind: "works" }
    : { kind: "broken", reason: firstError(result.stderr, program) };
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
