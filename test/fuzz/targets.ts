import { diskTargets } from "./disk-targets.ts";
import { keyTargets } from "./key-targets.ts";
import { networkTargets } from "./network-targets.ts";
import { provisionTargets } from "./provision-targets.ts";

/** Everything that reads bytes of others. */
export const targets = [
  ...diskTargets,
  ...keyTargets,
  ...provisionTargets,
  ...networkTargets,
] as const;
