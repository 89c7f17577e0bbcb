import { defaultsOf, inGroup, type OptionsOf, option } from "./option.ts";
import { onOff } from "./option-forms.ts";
import { pathRefusal } from "./share-path.ts";
import { anywhere } from "./sources.ts";

/** A share that somebody asked for by name. */
export interface WantedShare {
  /** The tag or name under which the hypervisor offers it. */
  readonly name: string;
  readonly path: string;
  readonly isReadOnly: boolean;
}

const none: readonly WantedShare[] = [];

/** Shared folders of the hypervisor. */
export const shareOptions = inGroup("shares", [
  option({
    name: "boot2podman.share",
    value: "TAG:/PATH[:ro]",
    help: "mount the hypervisor's shared folder TAG at /PATH; may be given several times",
    sources: anywhere,
    sets: "wanted",
    default: none,
    // Those of all sources add up; the last one that is meant for a path gets it.
    parse(value, before) {
      const share = parseShare(value);
      if (typeof share === "string") {
        return { expected: share };
      }
      return { value: [...before.filter(({ path }) => path !== share.path), share] };
    },
  }),
  onOff({
    name: "boot2podman.shares",
    help: "off: only shared folders that boot2podman.share names are mounted",
    sources: anywhere,
    sets: "isAutomatic",
    default: true,
  }),
]);

/** Which of the shared folders that the hypervisor offers are mounted, and where. */
export type ShareOptions = OptionsOf<(typeof shareOptions)[number]>;
/** The same when nobody says anything. */
export const defaultShareOptions: ShareOptions = defaultsOf(shareOptions);

/** "TAG:/path" with ":ro" or ":rw" behind it; gives what is expected for anything else. */
export function parseShare(value: string): WantedShare | string {
  const [, name, path, access] = /^(.+?):(\/[^:]*)(?::(ro|rw))?$/.exec(value) ?? [];
  if (name === undefined || path === undefined) {
    return "TAG:/PATH or TAG:/PATH:ro";
  }
  const refusal = pathRefusal(path);
  if (refusal !== undefined) {
    return `a path for a share, but ${refusal}`;
  }
  return { name, path, isReadOnly: access === "ro" };
}
