import { diskTargets } from "./disk-targets.ts";
import { extensionTargets } from "./extension-targets.ts";
import { ignitionTargets } from "./ignition-targets.ts";
import { keyTargets } from "./key-targets.ts";
import { networkTargets } from "./network-targets.ts";
import { provisionTargets } from "./provision-targets.ts";
import { quadletTargets } from "./quadlet-targets.ts";
import { varlinkTargets } from "./varlink-targets.ts";

/** Everything that reads bytes of others. */
export const targets = [
  ...diskTargets,
  ...keyTargets,
  ...provisionTargets,
  ...ignitionTargets,
  ...networkTargets,
  ...quadletTargets,
  ...varlinkTargets,
  ...extensionTargets,
] as const;
