import { KernelError } from "./kernel-error.ts";

interface Fault {
  operation: string;
  path: string | RegExp;
  code: string;
  remaining: number;
}

/** What was changed, and what is to fail. */
export class FakeJournal {
  /** Every change in order: "writeAtomic /etc/hostname", "mount /dev/sda1 /mnt/sda1". */
  readonly journal: string[] = [];
  readonly #faults: Fault[] = [];

  /**
   * Makes the next `times` calls of `operation` (the method's name) on a path fail with that errno name.
   */
  failOn(operation: string, path: string | RegExp, code: string, times = Number.MAX_VALUE): void {
    this.#faults.push({ operation, path, code, remaining: times });
  }

  protected enter(operation: string, path: string): void {
    for (const fault of this.#faults) {
      const fits = typeof fault.path === "string" ? fault.path === path : fault.path.test(path);
      if (fault.operation !== operation || !fits || fault.remaining <= 0) {
        continue;
      }
      fault.remaining -= 1;
      throw new KernelError(operation, path, fault.code, { detail: "fault of the test" });
    }
  }

  protected change(operation: string, path: string, ...more: string[]): void {
    this.enter(operation, path);
    this.journal.push([operation, path, ...more].join(" "));
  }
}
