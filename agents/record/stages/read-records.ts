import * as z from "zod/mini";
import type { Kernel } from "../../kernel/kernel.ts";
import type { SystemPath } from "../../kernel/system-path.ts";
import { recordFolder, type StageRecord } from "./stage-record.ts";

const recordSchema = z.object({
  stage: z.string(),
  result: z.enum(["ok", "failed", "skipped"]),
  startedMs: z.number(),
  durationMs: z.number(),
  observed: z.unknown(),
  plan: z.unknown(),
  done: z.array(z.string()),
  message: z.string(),
});

/** The records of this boot, as far as they can be read. */
export interface ReadRecords {
  /** In the order in which the stages started. */
  records: StageRecord[];
  /** Files that are no records, each with the reason. */
  warnings: string[];
}

/** The records of this boot; none when it has left none. */
export function readRecords(kernel: Kernel): ReadRecords {
  const records: StageRecord[] = [];
  const warnings: string[] = [];
  for (const name of kernel.listIfPresent(recordFolder)) {
    if (!name.endsWith(".json") || name.startsWith(".")) {
      continue;
    }
    const path: SystemPath = `${recordFolder}/${name}`;
    const parsed = recordSchema.safeParse(parseJson(kernel.readText(path)));
    if (parsed.success) {
      records.push(parsed.data);
    } else {
      warnings.push(`${path} is not a record: ${z.prettifyError(parsed.error)}`);
    }
  }
  records.sort((one, other) => one.startedMs - other.startedMs);
  return { records, warnings };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) {
      return undefined;
    }
    throw error;
  }
}
