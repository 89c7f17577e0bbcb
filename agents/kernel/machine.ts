/** How many files a program may have open that doesn't ask for more: the kernel's own soft RLIMIT_NOFILE. */
export const usualOpenFiles = 1024;

/** What the x86 instruction CPUID leaves in the registers. */
export interface CpuidLeaf {
  eax: number;
  ebx: number;
  ecx: number;
  edx: number;
}

/** An address of a network interface that is up. */
export interface InterfaceAddress {
  name: string;
  family: "ipv4" | "ipv6";
  address: string;
}

/** The machine as a whole: clocks, names, power, the console, the kernel's log. */
export interface Machine {
  /** Milliseconds since the kernel started, with sleep (CLOCK_BOOTTIME), with fractions. */
  uptimeMs(): number;
  /** Milliseconds of processor time that this process has used, its children's left out. */
  cpuTimeMs(): number;
  /** Unix time in milliseconds, with fractions. */
  nowMs(): number;
  uid(): number;
  pid(): number;
  /** "x86_64", "aarch64" */
  architecture(): string;
  /** The CPU's answer to CPUID, subleaf 0; undefined where there is none (other architectures). */
  cpuid(leaf: number): CpuidLeaf | undefined;
  hostname(): string;
  interfaceAddresses(): InterfaceAddress[];
  setHostname(name: string): void;
  /** Switches a network interface on (IFF_UP). */
  setInterfaceUp(name: string): void;
  /** chroot(2) and chdir("/"): this process sees `folder` as its root from then on. */
  chroot(folder: string): void;
  /** Adds a swap area that has been marked as one (swapon(2)); a higher priority is used first. */
  swapOn(path: string, priority: number): void;
  swapOff(path: string): void;
  /**
   * Makes the kernel spare this process when memory runs out (oom_score_adj); what it starts from then on is
   * spared no more than before.
   */
  protectFromOom(): void;
  /**
   * Sets how many files this process, and what it starts from then on, may have open (the soft RLIMIT_NOFILE). The
   * runtime raises it to the hard limit, which programs that walk through all descriptors take long for.
   */
  limitOpenFiles(count: number): void;
  /** Gives memory of this process that it doesn't need any more back; takes some milliseconds. */
  releaseMemory(): void;
  /** One line for people on the system's console; never throws, since a console may be absent. */
  tellConsole(line: string): void;
  /** The kernel's whole log, "<6>[    5.123456] text" a line (syslog(2), SYSLOG_ACTION_READ_ALL). */
  readKernelLog(): string;
  /** One line into the kernel's log (/dev/kmsg); never throws. */
  tellKernelLog(line: string): void;
}
