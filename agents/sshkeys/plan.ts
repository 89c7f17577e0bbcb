import { type HostKey, type HostKeyType, hostKeyTypes } from "./host-keys.ts";

/** What lies at a host key's place in the store. */
export type Stored =
  | { state: "missing" }
  | { state: "sound"; key: HostKey }
  | { state: "unusable"; why: string };

/** One change of the host keys. */
export type KeyStep =
  /** The stored key goes to /etc/ssh. */
  | { do: "use"; type: HostKeyType; key: HostKey }
  /** The stored files are kept under another name. */
  | { do: "put-aside"; type: HostKeyType; why: string }
  /** A new key is made and stored: before sshd starts, or in the background. */
  | { do: "make"; type: HostKeyType; when: "before-sshd" | "later" };

/**
 * What is done about the host keys. Pure. Keys of the disk that were read ahead of its mount are all that this host
 * shows until then: others would be new ones. Making an RSA key takes seconds on a slow machine; every client of
 * today knows one of the others, so that sshd doesn't wait for it.
 */
export function planHostKeys(
  stored: Readonly<Record<HostKeyType, Stored>>,
  { isOnDisk }: { isOnDisk: boolean },
): KeyStep[] {
  const isAhead = !isOnDisk && hostKeyTypes.some((type) => stored[type].state === "sound");
  return hostKeyTypes.flatMap((type): KeyStep[] => {
    const found = stored[type];
    if (found.state === "sound") {
      return [{ do: "use", type, key: found.key }];
    }
    if (isAhead) {
      return [];
    }
    const make: KeyStep = { do: "make", type, when: type === "rsa" ? "later" : "before-sshd" };
    if (found.state === "missing") {
      return [make];
    }
    return [{ do: "put-aside", type, why: found.why }, make];
  });
}

/** The step in words, as in records. */
export function stepText(step: KeyStep): string {
  switch (step.do) {
    case "use":
      return `use the stored ${step.type} host key ${step.key.public.fingerprint}`;
    case "put-aside":
      return `put the stored ${step.type} host key aside: ${step.why}`;
    case "make":
      return `make a new ${step.type} host key${step.when === "later" ? ", in the background" : ""}`;
  }
}
