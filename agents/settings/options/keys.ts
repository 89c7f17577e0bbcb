import { several } from "./option-forms.ts";
import { anywhere } from "./sources.ts";

/** Who may come in over SSH: lines of authorized_keys, which sshkeys judges. */
export const keyOptions = [
  several<"keys", string>({
    name: "boot2podman.key",
    value: '"TYPE BASE64 [COMMENT]"',
    help: "a public SSH key that may log in as the user and root; may be given several times",
    sources: anywhere,
    sets: "keys",
    parseOne: (value) =>
      /^\S+ \S+/.test(value)
        ? { value: [value] }
        : { expected: 'a public key in quotes: boot2podman.key="ssh-ed25519 AAAA…"' },
  }),
];
