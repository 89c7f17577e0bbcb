export interface Machine {
  /** Milliseconds since the kernel started, with sleep (CLOCK_BOOTTIME), with fractions. */
  uptimeMs(): number;
  /** Unix time in milliseconds. */
  nowMs(): number;
  uid(): number;
  pid(): number;
  /** "x86_64", "aarch64" */
  architecture(): string;
  hostname(): string;
  setHostname(name: string): void;
  /** Switches a network interface on (IFF_UP). */
  setInterfaceUp(name: string): void;
  /** chroot(2) and chdir("/"): this process sees `folder` as its root from then on. */
  chroot(folder: string): void;
  /** Gives memory of this process that it doesn't need any more back; takes some milliseconds. */
  releaseMemory(): void;
  /** One line for people on the system's console; never throws, since a console may be absent. */
  tellConsole(line: string): void;
  /** One line into the kernel's log (/dev/kmsg); never throws. */
  tellKernelLog(line: string): void;
}
