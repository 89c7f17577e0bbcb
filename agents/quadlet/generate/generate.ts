import { commandOf } from "../../containers/podman/podman-of.ts";
import type { Kernel } from "../../kernel/kernel.ts";
import { mebibyte } from "../../units/bytes.ts";
import type { SpecifierValues } from "../unit/specifiers.ts";
import { type Generated, parseGenerated } from "./parse-output.ts";
import { unpackGenerator } from "./unpack-generator.ts";

const mostBytes = 4 * mebibyte;
const timeoutMs = { quietMs: 120_000 };

/** Cuts both of the generator's outputs off, since its input may be anybody's: "$1" bytes, then the command. */
const bounded =
  'most=$1; shift; { { "$@" 2>&3 | head -c "$most"; } 3>&1 1>&4 | head -c 65536 >&2; } 4>&1';

/** Podman's own generator says which services the Quadlet files of that owner make. It is run as that owner. */
export async function generate(kernel: Kernel, user: SpecifierValues["user"]): Promise<Generated> {
  const generator = await unpackGenerator(kernel);
  const words = [
    ...["/bin/sh", "-c", bounded, "sh", String(mostBytes)],
    ...[generator, "-dryrun", "-no-kmsg-log", ...(user.uid === 0 ? [] : ["-user"])],
  ];
  const { stdout, stderr } = await kernel.run(commandOf(user, words), { timeoutMs });
  if (stdout.length >= mostBytes) {
    throw new Error(`the generator prints more than ${mostBytes} bytes for the Quadlet files`);
  }
  return parseGenerated(stdout, stderr);
}
