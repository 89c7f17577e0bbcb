import { choice, text } from "./option-forms.ts";
import { anywhere, beforeDisks, commandLineOnly } from "./sources.ts";

/** Names that clients of such machines accept for a host. */
export const hostnamePattern = /^[a-zA-Z0-9][a-zA-Z0-9.-]{0,62}$/;
/** Names that Debian gives users by default (adduser.conf(5), NAME_REGEX). */
export const userPattern = /^[a-z_][a-z0-9_-]{0,30}$/;

/** What the machine and its account are called. */
export const nameOptions = [
  text({
    name: "host",
    value: "NAME",
    help: "the host name; takes precedence over the one stored by sethostname",
    sources: anywhere,
    sets: "hostname",
    default: undefined,
    matches: hostnamePattern,
    expected: "a name of 0-9 a-z A-Z . -",
  }),
  text({
    name: "user",
    value: "NAME",
    help: "the name of the user account, default tc",
    sources: beforeDisks,
    sets: "user",
    default: "tc",
    matches: userPattern,
    expected: "a user's name of a-z 0-9 _ -",
  }),
  choice({
    // The word of Fedora CoreOS, whose images clients know.
    name: "ignition.platform.id",
    choices: ["off", "qemu"],
    help: "where an Ignition config is looked for: qemu: where QEMU has it, as podman machine gives it",
    sources: commandLineOnly,
    sets: "ignition",
    default: "off",
  }),
  text({
    // Fedora CoreOS's word too; the sum is ours.
    name: "ignition.config.url",
    value: "URL",
    help: "an Ignition config on a server, taken only with ignition.config.sha256",
    sources: commandLineOnly,
    sets: "ignitionUrl",
    default: undefined,
    matches: /^https?:\/\/[\x21-\x7e]{1,2000}$/,
    expected: "an address that begins with http:// or https://",
  }),
  text({
    name: "ignition.config.sha256",
    value: "HEX",
    help: "the SHA-256 of the config at ignition.config.url; any other is refused",
    sources: commandLineOnly,
    sets: "ignitionSha256",
    default: undefined,
    matches: /^[0-9a-f]{64}$/,
    expected: "64 digits of 0-9 a-f",
  }),
];
