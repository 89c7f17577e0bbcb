/** What happened to a container, as a line of Podman's events' file tells. */
export interface ContainerEvent {
  id: string;
  name: string;
  /** "start", "died", "stop", "kill", "remove", … (podman-events(1)). */
  status: string;
  /** Of "died": how the container's process ended. */
  exitCode?: number;
}

/** A container's whole number. */
export const containerId = /^[0-9a-f]{64}$/;

/** One line of the file; undefined when it isn't about a container, or no event at all. */
export function parseEvent(line: string): ContainerEvent | undefined {
  // Most lines are about images, or not needed.
  if (!line.includes('"Type":"container"')) {
    return undefined;
  }
  let read: unknown;
  try {
    read = JSON.parse(line);
  } catch (error) {
    if (error instanceof SyntaxError) {
      return undefined;
    }
    throw error;
  }
  if (typeof read !== "object" || read === null) {
    return undefined;
  }
  const { ID, Name, Status, ContainerExitCode } = read as Partial<
    Record<"ID" | "Name" | "Status" | "ContainerExitCode", unknown>
  >;
  if (typeof ID !== "string" || !containerId.test(ID) || typeof Status !== "string") {
    return undefined;
  }
  const name = typeof Name === "string" ? Name : ID.slice(0, 12);
  return typeof ContainerExitCode === "number"
    ? { id: ID, name, status: Status, exitCode: ContainerExitCode }
    : { id: ID, name, status: Status };
}
