import * as z from "zod/mini";
import { sources } from "../settings/options/sources.ts";
import type { ShownSetting } from "../settings/resolve.ts";
import type { StageRecord } from "./stages/stage-record.ts";

const observedSchema = z.object({
  settings: z.array(z.object({ name: z.string(), value: z.string(), source: z.enum(sources) })),
});

/** What the boot's settings were, as its stage "settings" left them; none when it didn't come so far. */
export function shownSettings(records: readonly StageRecord[]): readonly ShownSetting[] {
  const record = records.find(({ stage }) => stage === "settings");
  const parsed = observedSchema.safeParse(record?.observed);
  return parsed.success ? parsed.data.settings : [];
}
