import * as z from "zod";
import { MachineError } from "../error/machine-error.ts";
import type { ProgramResult } from "../program/run.ts";
import type { SshTarget } from "../ssh/client.ts";
import { captureSsh } from "../ssh/session.ts";
import { shellWords } from "../ssh/words.ts";

/** A pull may fetch gigabytes. */
const pullTimeoutMs = 6 * 3_600_000;
const askTimeoutMs = 600_000;

/** The label that says that an image can be booted. */
export const bootcLabel = "containers.bootc";

const inspected = z
  .array(
    z.object({
      Id: z.string().regex(/^[0-9a-f]{64}$/),
      Size: z.int(),
      RepoTags: z.array(z.string()).nullish(),
      Labels: z.record(z.string(), z.string()).nullish(),
    }),
  )
  .length(1);

/** An image in the machine's store. */
export interface GuestImage {
  readonly id: string;
  readonly sizeBytes: number;
  /** A name of it; its ID when it has none. */
  readonly repoTag: string;
  readonly isBootc: boolean;
}

/** Runs a command of the machine's shell as root, and returns what it printed. Throws with the reason when it fails. */
export async function askGuest(
  target: SshTarget,
  words: readonly string[],
  options: { purpose: string; timeoutMs?: number },
): Promise<string> {
  const { purpose, timeoutMs = askTimeoutMs } = options;
  const result = await captureSsh(target, [shellWords(words)], timeoutMs);
  if (result.exitCode !== 0) {
    throw guestFailure(target.name, purpose, result);
  }
  return result.stdout;
}

function guestFailure(name: string, purpose: string, result: ProgramResult): MachineError {
  const lines = result.stderr.split("\n").filter((line) => line.trim() !== "");
  const said = lines.findLast((line) => line.startsWith("Error: ")) ?? lines.at(-1);
  const reason = result.timedOut
    ? "it took too long"
    : (said?.replace(/^Error: /, "") ?? `status ${result.exitCode}, no reason given`);
  return new MachineError(`${purpose} failed in the machine "${name}": ${reason}`, {
    cause: new Error(result.stderr.trim()),
  });
}

/** As the pull policy "missing", for an ID too. */
const pullMissing = 'podman image exists "$1" || podman pull -q "$1"';

/** The image of a name or ID; it is pulled when the machine doesn't have it. */
export async function imageInGuest(target: SshTarget, nameOrId: string): Promise<GuestImage> {
  await askGuest(target, ["sh", "-c", pullMissing, "bootc", nameOrId], {
    purpose: `Finding the image ${nameOrId}`,
    timeoutMs: pullTimeoutMs,
  });
  const text = await askGuest(target, ["podman", "image", "inspect", nameOrId], {
    purpose: `Looking at the image ${nameOrId}`,
  });
  return parseInspected(text, nameOrId);
}

/** Reads what `podman image inspect` prints. */
export function parseInspected(text: string, nameOrId: string): GuestImage {
  const [image] = parseOr(inspected, text, `podman's description of the image ${nameOrId}`);
  if (image === undefined) {
    throw new MachineError(`The machine's podman described no image ${nameOrId}.`);
  }
  return {
    id: image.Id,
    sizeBytes: image.Size,
    repoTag: image.RepoTags?.[0] ?? image.Id,
    isBootc: image.Labels?.[bootcLabel] === "1",
  };
}

const listed = z.array(
  z.object({
    Id: z.string(),
    Names: z.array(z.string()).nullish(),
    Created: z.int(),
    Size: z.int(),
  }),
);

/** An image of a list. */
export interface ListedImage {
  readonly repository: string;
  readonly tag: string;
  readonly id: string;
  readonly createdMs: number;
  readonly sizeBytes: number;
}

/** The images that can be booted, the newest first; one with several names has a line for each. */
export async function bootcImages(target: SshTarget): Promise<ListedImage[]> {
  const filter = `label=${bootcLabel}=1`;
  const text = await askGuest(
    target,
    ["podman", "images", "--filter", filter, "--format", "json"],
    {
      purpose: "Listing the images",
    },
  );
  return parseListed(text);
}

/** Reads what `podman images --format json` prints. */
export function parseListed(text: string): ListedImage[] {
  const images = parseOr(listed, text, "podman's list of images");
  return images
    .flatMap(({ Id, Names, Created, Size }) => {
      const names = Names?.length ? Names : ["<none>:<none>"];
      return names.map((name) => ({
        ...splitName(name),
        id: Id,
        createdMs: Created * 1000,
        sizeBytes: Size,
      }));
    })
    .filter((one, index, all) => all.findIndex((other) => isSame(one, other)) === index)
    .sort((a, b) => b.createdMs - a.createdMs);
}

/** Podman has a line for each name, each with all names. */
function isSame(a: ListedImage, b: ListedImage): boolean {
  return a.id === b.id && a.repository === b.repository && a.tag === b.tag;
}

/** A colon before a slash is a registry's port. */
function splitName(name: string): { repository: string; tag: string } {
  const colon = name.lastIndexOf(":");
  return colon > name.lastIndexOf("/")
    ? { repository: name.slice(0, colon), tag: name.slice(colon + 1) }
    : { repository: name, tag: "<none>" };
}

function parseOr<T>(schema: z.ZodType<T>, text: string, what: string): T {
  try {
    return schema.parse(JSON.parse(text));
  } catch (error) {
    if (error instanceof z.ZodError || error instanceof SyntaxError) {
      throw new MachineError(`${what} can't be read: ${text.slice(0, 80)}`, { cause: error });
    }
    throw error;
  }
}
