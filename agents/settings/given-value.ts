import type { Source } from "./options/sources.ts";

/** One value as somebody gave it, not yet understood. */
export interface GivenValue {
  /** Of the boot option: "host", "boot2podman.format". */
  name: string;
  /** Undefined for a word that stands alone. */
  value: string | undefined;
  source: Source;
  /** For a warning: "boot option host=-x", "/etc/…/boot2podman.toml: host = -x". */
  written: string;
}
