import { MachineError, UsageError } from "../error/machine-error.ts";

/** The machine that commands mean when no name is given. */
export const defaultName = "box";

/** A host name is at most 63 bytes long (RFC 1035, 2.3.4), and the name becomes the host name. */
const maxNameBytes = 63;

const namePattern = /^[a-zA-Z0-9][a-zA-Z0-9\-.]*$/;

/** Throws a usage error unless the name can be a machine's name. */
export function checkName(name: string): void {
  if (!namePattern.test(name)) {
    throw new UsageError("Invalid hostname specified. Allowed hostname chars are: 0-9a-zA-Z . -");
  }
  if (Buffer.byteLength(name) > maxNameBytes) {
    throw new UsageError(
      `Invalid hostname specified. It has ${name.length} characters; at most ${maxNameBytes} are allowed.`,
    );
  }
}

/** The error for a machine that isn't in the store. */
export function unknownMachine(name: string): MachineError {
  return new MachineError(
    `Podman machine "${name}" does not exist. Use "podman-machine ls" to list machines. Use "podman-machine create" to add a new one.`,
  );
}

/** The error for a name that is taken. */
export function machineExists(name: string): MachineError {
  return new MachineError(`Podman machine "${name}" already exists`);
}
